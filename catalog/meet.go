package catalog

import (
	"context"
	"sync"
	"sync/atomic"

	"aetherfs/internal/manifest"

	"golang.org/x/sync/errgroup"
)

// acquaintance is what the engine was told of a dataset's folded trees.
type acquaintance struct {
	wanted atomic.Bool // the dataset is written to here

	mu   sync.Mutex
	seen map[manifest.Digest]struct{} // nodes that were walked with all that is below them; guarded by mu
}

// meetReads is how many nodes below one are read at once: those of ten million
// files in 15 seconds, over a store that takes 50 ms.
const meetReads = 8

// maxSeen bounds the nodes that need not be walked again: those of four billion
// files.
const maxSeen = 1 << 20

// MeetFolded tells the engine of the blocks that the dataset's newest fold
// names, if the dataset is written to here: so that what comes shares chunks
// with what other gateways, or an earlier process with another cache folder,
// have stored. It reads the nodes that no earlier call has read.
func (d *Dataset) MeetFolded(ctx context.Context) error {
	a := &d.met
	if !a.wanted.Load() {
		return nil
	}
	root := d.State().Fold().Root
	if root == (manifest.Digest{}) {
		return nil
	}
	return d.meetBelow(ctx, root)
}

// meetBelow walks the nodes from one down.
func (d *Dataset) meetBelow(ctx context.Context, name manifest.Digest) error {
	if d.met.has(name) {
		return nil
	}
	node, err := d.nodes.Node(ctx, name)
	if err != nil {
		return err
	}
	d.c.o.Embedder.Meet(d.Pool, node.Blocks())
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(meetReads)
	for _, below := range node.Nodes() {
		all.Go(func() error { return d.meetBelow(ctx, below) })
	}
	if err := all.Wait(); err != nil {
		return err
	}
	d.met.add(name)
	return nil
}

func (a *acquaintance) has(node manifest.Digest) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, known := a.seen[node]
	return known
}

func (a *acquaintance) add(node manifest.Digest) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seen == nil || len(a.seen) >= maxSeen {
		a.seen = map[manifest.Digest]struct{}{}
	}
	a.seen[node] = struct{}{}
}
