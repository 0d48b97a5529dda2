package catalog

import (
	"context"
	"fmt"

	"aetherfs/internal/journal"
	"aetherfs/internal/manifest"
)

// opening is a dataset that is open, or about to be: what is below ready is set
// when that is closed.
type opening struct {
	ready chan struct{}
	d     *Dataset
	err   error
}

// Dataset returns the open dataset of that name: manifest.ErrNoDataset.
func (c *Catalog) Dataset(ctx context.Context, name string) (*Dataset, error) {
	for {
		rec, err := c.lookup(ctx, name)
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

// open opens a dataset once, however many ask, and goes on when they leave. A
// failure is not kept.
func (c *Catalog) open(ctx context.Context, rec *manifest.Dataset) (*Dataset, error) {
	o := c.opening(rec)
	if o == nil {
		return nil, journal.ErrShut
	}
	select {
	case <-o.ready:
		return o.d, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// opening returns what is open, or begins to open it; nil: the catalog is
// closed.
func (c *Catalog) opening(rec *manifest.Dataset) *opening {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.datasets[rec.ID]
	if o != nil || c.datasets == nil {
		return o
	}
	o = &opening{ready: make(chan struct{})}
	c.datasets[rec.ID] = o
	c.done.Go(func() {
		defer close(o.ready)
		if o.d, o.err = c.openDataset(rec); o.err != nil {
			if c.ctx.Err() != nil {
				o.err = journal.ErrShut
			}
			c.leave(rec.ID, o)
		}
	})
	return o
}

// leave lets the next who asks open the dataset anew.
func (c *Catalog) leave(id manifest.ID, o *opening) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.datasets[id] == o {
		delete(c.datasets, id)
	}
}

func (c *Catalog) openDataset(rec *manifest.Dataset) (*Dataset, error) {
	first := func(n manifest.Nodes) *manifest.State { return manifest.NewState(rec.ID, rec.Epoch, n) }
	l, err := openLine(c.ctx, c, source[*manifest.State]{
		title: rec.Name, id: rec.ID, pool: rec.Pool, at: datasetPlace(rec), first: first, load: manifest.Load,
	})
	if err != nil {
		return nil, err
	}
	return &Dataset{Dataset: rec, line: l}, nil
}

// forget shuts the log of a dataset that is gone, and what was learned of it
// goes too.
func (c *Catalog) forget(id manifest.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.datasets[id]
	if o == nil {
		return // another did, or the catalog is closed
	}
	delete(c.datasets, id)
	c.done.Go(func() {
		<-o.ready
		if o.err == nil {
			o.d.log.Close(c.ctx)
		}
		c.o.Embedder.Forget(id)
	})
}
