package catalog

import (
	"context"
	"iter"

	"aetherfs/internal/manifest"
)

// hub is the state of the hub's log in the form of a dataset's: it holds no
// files and is never closed.
type hub struct{ *manifest.Hub }

func loadHub(ctx context.Context, nodes manifest.Nodes, f manifest.Fold) (hub, error) {
	h, err := manifest.LoadHub(ctx, nodes, f)
	return hub{h}, err
}

func (h hub) Apply(ctx context.Context, seg *manifest.Segment) (hub, []manifest.Verdict, error) {
	next, verdicts, err := h.Hub.Apply(ctx, seg)
	return hub{next}, verdicts, err
}

func (h hub) Tree(ctx context.Context, sum manifest.Digest, _ func(manifest.Recipe) (manifest.Recipe, error), write manifest.Write) (manifest.Digest, error) {
	return h.Hub.Tree(ctx, sum, write)
}

func (hub) Files() int64 { return 0 }
func (hub) Bytes() int64 { return 0 }
func (hub) Closed() bool { return false }
func (hub) Pinned() bool { return false }

func (hub) Embedded() iter.Seq[manifest.Recipe] { return func(func(manifest.Recipe) bool) {} }
