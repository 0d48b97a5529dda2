package upkeep_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"aetherfs/backend"
	"aetherfs/backend/treetest"
	"aetherfs/internal/store"
)

// folding is a tree whose dataset is folded behind one commit in four.
type folding struct {
	*backend.Backend
	t testing.TB
	g *gateway
}

func (f *folding) Begin(ctx context.Context, dataset string) (backend.Tx, error) {
	tx, err := f.Backend.Begin(ctx, dataset)
	return &foldingTx{tx, f, dataset}, err
}

type foldingTx struct {
	backend.Tx
	f       *folding
	dataset string
}

func (x *foldingTx) Commit(ctx context.Context) ([]backend.Info, error) {
	infos, err := x.Tx.Commit(ctx)
	if err == nil && rand.IntN(4) == 0 {
		if err := x.f.g.keep.Fold(ctx, x.dataset); err != nil {
			x.f.t.Errorf("fold: %v", err)
		}
	}
	return infos, err
}

// TestTree: folds change nothing of what a tree does.
func TestTree(t *testing.T) {
	for name, exclusive := range map[string]bool{"Exclusive": true, "Shared": false} {
		t.Run(name, func(t *testing.T) {
			treetest.Run(t, func(t testing.TB) (backend.Tree, func() backend.Tree) {
				st := store.NewMemory()
				var last *gateway
				start := func() backend.Tree { // an empty disk, and nothing is left that can go
					if last != nil {
						last.keep.Retire(t.Context())
					}
					last = open(t, st, exclusive)
					return &folding{last.tree, t, last}
				}
				return start(), start
			})
		})
	}
}
