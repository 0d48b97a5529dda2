package catalog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"aetherfs/internal/journal"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// DefaultPool is the pool of a dataset that asks for none.
const DefaultPool = "default"

const hubPrefix = "hub/log/"

// SegmentKey is the object that is slot n of a dataset's log.
func SegmentKey(dataset manifest.ID, n uint64) string { return journal.SlotKey(logPrefix(dataset), n) }

func logPrefix(dataset manifest.ID) string { return "datasets/" + dataset.String() + "/log/" }

// Embedder is what the catalog needs of the side of the bytes: it carries
// embedded blocks and does not understand them.
type Embedder interface {
	// Pack makes a block of small data: chunk i of it is chunks[i].
	Pack(chunks []manifest.Chunk) ([]byte, error)
	// Learn verifies a block found at byte base of a segment and describes it.
	// It keeps no reference to block.
	Learn(dataset manifest.ID, slot uint64, base int64, block []byte) (*manifest.Block, error)
	// Forget drops what was learned of a dataset.
	Forget(dataset manifest.ID)
}

// Options of Open.
type Options struct {
	Store    store.Store
	Embedder Embedder
	Rand     io.Reader        // of ids
	Now      func() time.Time // the machine's clock

	// Committed, if set, is told of each segment that was written: how many
	// transactions it had, its size, and how long the store took.
	Committed func(txs, bytes int, took time.Duration)
}

// Catalog is the names of a repository. Its methods may be called
// concurrently.
type Catalog struct {
	o      Options
	writer manifest.ID
	hub    *line[*manifest.Hub]

	mu       sync.Mutex
	datasets map[manifest.ID]*opening // guarded by mu
}

// opening is a dataset that is open, or about to be.
type opening struct {
	ready chan struct{}
	d     *Dataset
	err   error
}

// Open opens the catalog of a repository. Datasets are opened when they are
// first asked for.
func Open(ctx context.Context, o Options) (*Catalog, error) {
	c := &Catalog{o: o, datasets: map[manifest.ID]*opening{}}
	if _, err := io.ReadFull(o.Rand, c.writer[:]); err != nil {
		return nil, fmt.Errorf("writer id: %w", err)
	}
	hub, err := openLine(ctx, c, manifest.NewHub(), hubPrefix, manifest.ID{})
	if err != nil {
		return nil, fmt.Errorf("open the hub: %w", err)
	}
	c.hub = hub
	return c, nil
}

// Close lets what is queued finish for as long as ctx lives, and shuts every
// log.
func (c *Catalog) Close(ctx context.Context) error {
	c.mu.Lock()
	open := c.datasets
	c.datasets = nil
	c.mu.Unlock()
	for _, o := range open {
		<-o.ready
		if o.err == nil {
			o.d.log.Close(ctx)
		}
	}
	return c.hub.log.Close(ctx)
}

// NewID returns a random id.
func (c *Catalog) NewID() (id manifest.ID, err error) {
	if _, err = io.ReadFull(c.o.Rand, id[:]); err != nil {
		return id, fmt.Errorf("random id: %w", err)
	}
	return id, nil
}

// Datasets yields the datasets by name, all from one state of the hub.
func (c *Catalog) Datasets() iter.Seq[*manifest.Dataset] { return c.hub.State().Datasets() }

// Lookup returns a dataset's record: manifest.ErrNoDataset.
func (c *Catalog) Lookup(name string) (*manifest.Dataset, error) {
	if d := c.hub.State().Dataset(name); d != nil {
		return d, nil
	}
	return nil, fmt.Errorf("dataset %q: %w", name, manifest.ErrNoDataset)
}

// Create makes a dataset: manifest.ErrExists.
func (c *Catalog) Create(ctx context.Context, name string) error {
	id, err := c.NewID()
	if err != nil {
		return err
	}
	_, err = c.hub.commit(ctx, nil, &manifest.Create{Name: name, ID: id, Pool: DefaultPool})
	if err != nil {
		return fmt.Errorf("create dataset %q: %w", name, err)
	}
	return nil
}

// Remove removes an empty dataset: manifest.ErrNotEmpty, manifest.ErrNoDataset.
func (c *Catalog) Remove(ctx context.Context, name string) error {
	d, err := c.Dataset(ctx, name)
	if err != nil {
		return err
	}
	_, err = d.Commit(ctx, nil, &manifest.Close{})
	if err != nil && !errors.Is(err, manifest.ErrClosed) {
		return fmt.Errorf("remove dataset %q: %w", name, err)
	}
	return c.drop(ctx, d.Dataset)
}

// drop makes the hub forget a dataset whose log is closed.
func (c *Catalog) drop(ctx context.Context, d *manifest.Dataset) error {
	_, err := c.hub.commit(ctx, nil, &manifest.Drop{Name: d.Name, ID: d.ID})
	if err != nil && !errors.Is(err, manifest.ErrNoDataset) {
		return fmt.Errorf("drop dataset %q: %w", d.Name, err)
	}
	c.mu.Lock()
	delete(c.datasets, d.ID)
	c.mu.Unlock()
	c.o.Embedder.Forget(d.ID)
	return nil
}

// Dataset returns the open dataset of that name: manifest.ErrNoDataset.
func (c *Catalog) Dataset(ctx context.Context, name string) (*Dataset, error) {
	for {
		rec, err := c.Lookup(name)
		if err != nil {
			return nil, err
		}
		d, err := c.open(ctx, rec)
		if err != nil {
			return nil, fmt.Errorf("open dataset %q: %w", name, err)
		}
		if !d.State().Closed() {
			return d, nil
		}
		if err := c.drop(ctx, rec); err != nil {
			return nil, err
		}
	}
}

// open opens a dataset once, however many ask. A failure is not kept.
func (c *Catalog) open(ctx context.Context, rec *manifest.Dataset) (*Dataset, error) {
	c.mu.Lock()
	if c.datasets == nil {
		c.mu.Unlock()
		return nil, journal.ErrShut
	}
	o := c.datasets[rec.ID]
	if o == nil {
		o = &opening{ready: make(chan struct{})}
		c.datasets[rec.ID] = o
		c.mu.Unlock()
		// Others wait for it too, so the asker's cancel does not end it.
		o.d, o.err = c.openDataset(context.WithoutCancel(ctx), rec)
		if o.err != nil {
			c.mu.Lock()
			delete(c.datasets, rec.ID)
			c.mu.Unlock()
		}
		close(o.ready)
		return o.d, o.err
	}
	c.mu.Unlock()
	select {
	case <-o.ready:
		return o.d, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *Catalog) openDataset(ctx context.Context, rec *manifest.Dataset) (*Dataset, error) {
	l, err := openLine(ctx, c, manifest.NewState(rec.Epoch), logPrefix(rec.ID), rec.ID)
	if err != nil {
		return nil, err
	}
	return &Dataset{rec, l}, nil
}
