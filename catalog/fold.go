package catalog

import (
	"context"
	"fmt"
	"iter"

	"aetherfs/internal/manifest"
	"aetherfs/internal/sabotage"

	"golang.org/x/sync/errgroup"
)

// nodeWrites is how many nodes of a fold are on their way to the store at once:
// 2.4 MB of leaves.
const nodeWrites = 8

// Move stores what recipes name in embedded blocks anew, in blocks of the pool,
// and returns a func that names it there. It is called at most once a fold.
type Move func(ctx context.Context, recipes iter.Seq[manifest.Recipe]) (func(manifest.Recipe) (manifest.Recipe, error), error)

// Fold writes the present state as a tree and commits it: manifest.ErrFold if
// another fold came first, which then did the work. It does nothing right
// behind a fold, unless that has left records that name segments up to its base.
func (l *line[S]) Fold(ctx context.Context, move Move) error {
	p := l.now.Load()
	n, last := p.state.N(), p.state.Fold().Slot
	if p.state.Closed() || n < last || n == last && !p.state.Pinned() {
		return nil
	}
	err := l.fold(ctx, p, move)
	if err == nil {
		return l.EnsureCheckpoint(ctx)
	}
	// What a fold reads may have made way for a newer one.
	if l.Sync(ctx) == nil && l.State().Fold().Slot > last {
		return fmt.Errorf("%w: %w", manifest.ErrFold, err)
	}
	return err
}

func (l *line[S]) fold(ctx context.Context, p *point[S], move Move) error {
	moved := func(r manifest.Recipe) (manifest.Recipe, error) { return r, nil }
	if _, embedded := p.state.Tail(); embedded > 0 || p.state.Pinned() {
		var err error
		if moved, err = move(ctx, p.state.Embedded()); err != nil {
			return fmt.Errorf("move embedded data: %w", err)
		}
	}
	root, err := l.writeTree(ctx, p, moved)
	if err != nil {
		return fmt.Errorf("write the tree of slot %d: %w", p.state.N(), err)
	}
	if sabotage.On(sabotage.CheckpointFirst) {
		n := p.state.N()
		l.owing.Store(&manifest.Checkpoint{Dataset: l.id, Fold: manifest.Fold{Slot: n + 1, Base: n, Prev: p.state.Fold().Base, Root: root}, Sum: p.sum, Files: p.state.Files(), Bytes: p.state.Bytes()})
		_ = l.EnsureCheckpoint(ctx)
	}
	_, err = l.commit(ctx, nil, &manifest.FoldRecord{Base: p.state.N(), BuildsOn: p.state.Fold().Slot, Root: root})
	if err != nil {
		return fmt.Errorf("fold slot %d: %w", p.state.N(), err)
	}
	return nil
}

// writeTree makes the nodes of a state durable.
func (l *line[S]) writeTree(ctx context.Context, p *point[S], moved func(manifest.Recipe) (manifest.Recipe, error)) (manifest.Digest, error) {
	writes, ctx := errgroup.WithContext(ctx)
	writes.SetLimit(nodeWrites)
	root, err := p.state.Tree(ctx, p.sum, moved, func(_ context.Context, name manifest.Digest, raw []byte) error {
		writes.Go(func() error { return l.c.nodes.write(ctx, l.at.nodes, name, raw) })
		return ctx.Err()
	})
	if failed := writes.Wait(); failed != nil {
		err = failed
	}
	return root, err
}
