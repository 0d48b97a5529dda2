package simulation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/kv"
	"aetherfs/internal/store"
	"aetherfs/internal/upkeep"
)

// gateway is a process of AetherFS: the floors from the tree down, on a view.
type gateway struct {
	name  string
	view  *view
	store store.Store // the view, with repeats
	cache *kv.DB      // outlives the process
	bytes *dedupe.Engine
	names *catalog.Catalog
	tree  *backend.Backend
	ended atomic.Bool // or about to: answers may stay away

	keeper  *upkeep.Keeper
	stop    context.CancelFunc // of upkeep
	keeping sync.WaitGroup
}

// chunkBytes is the least that the engine takes, so that contents of a few
// kilobytes have several.
const chunkBytes = dedupe.MinChunkBytes

// openGateway starts a process. cache is what an earlier one left on its disk.
func openGateway(ctx context.Context, b *bucket, name string, cache *kv.DB) (*gateway, error) {
	g := &gateway{name: name, view: newView(b, name), cache: cache}
	random := &concurrent{r: b.dice.bytes("random of", name)}
	skew := clockOffset(b.dice.of("clock of", name))
	now := func() time.Time { return time.Now().Add(skew) }
	jitter := b.dice.of("retries of", name).Float64()
	st := store.Retried(g.view, store.RetryOptions{Jitter: func() float64 { return jitter }})
	g.store = st

	var err error
	if g.bytes, err = dedupe.Open(dedupe.Options{
		Store: st, KV: cache, Rand: random, ChunkBytes: chunkBytes, Segment: catalog.SegmentKey,
	}); err != nil {
		return nil, fmt.Errorf("open the engine of %s: %w", name, err)
	}
	g.names, err = catalog.Open(ctx, catalog.Options{Store: st, KV: cache, Embedder: g.bytes, Rand: random, Now: now})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", name, err), g.bytes.Close())
	}
	g.tree = backend.New(g.names, g.bytes)
	g.keep(b, now)
	return g, nil
}

// foldRecords is how long a tail may get: short, so that a life of some eighty
// writes sees several folds of each log.
const foldRecords = 5

// keep begins upkeep. It has its own beat instead of Keeper.Run's, which would
// wake up every second of virtual months.
func (g *gateway) keep(b *bucket, now func() time.Time) {
	rng := b.dice.of("upkeep of", g.name)
	g.keeper = upkeep.New(upkeep.Options{
		Names: g.names, Bytes: g.bytes, Now: now, Jitter: rng.Float64,
		FoldRecords: foldRecords, IdleRecords: 1, IdleAfter: b.weather.foldAfter,
		RetireAfter: b.weather.retireAfter,
		UploadLife:  10 * 365 * 24 * time.Hour, // clients do not count on their uploads being ended
	})
	ctx, cancel := context.WithCancel(context.Background())
	g.stop = cancel
	if b.weather.look == 0 {
		return
	}
	g.keeping.Go(func() {
		for {
			t := time.NewTimer(around(rng, b.weather.look))
			select {
			case <-t.C:
				g.keeper.FoldDue(ctx)
				g.keeper.Retire(ctx)
			case <-ctx.Done():
				t.Stop()
				return
			case <-g.view.cut:
				t.Stop()
				return
			}
		}
	})
}

// rest ends upkeep.
func (g *gateway) rest() {
	g.stop()
	g.keeping.Wait()
}

// finish writes the checkpoints that others have left to be written, as upkeep
// does.
func (g *gateway) finish(ctx context.Context) error {
	var all []error
	for _, l := range g.names.Logs() {
		all = append(all, l.EnsureCheckpoint(ctx))
	}
	return errors.Join(all...)
}

// fsck checks all that is stored. The process has to be one with empty caches.
func (g *gateway) fsck(ctx context.Context, report func(upkeep.Problem)) error {
	_, err := upkeep.Fsck(ctx, upkeep.FsckOptions{Names: g.names, Bytes: g.bytes, ReadData: true, Report: report})
	return err
}

// crash ends the process at once.
func (g *gateway) crash() { g.view.crash() }

// crashed reports whether the process has ended on its own.
func (g *gateway) crashed() bool {
	select {
	case <-g.view.cut:
		return true
	default:
		return false
	}
}

// close waits until nothing of the process runs any more. One that has crashed
// does nothing on the way; another finishes what is under way.
func (g *gateway) close() error {
	g.rest()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if g.crashed() {
		cancel()
	}
	return errors.Join(g.names.Close(ctx), g.bytes.Close())
}

// concurrent is a reader that many may use.
type concurrent struct {
	mu sync.Mutex
	r  io.Reader
}

func (c *concurrent) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.r.Read(p)
}
