package upkeep

import (
	"context"
	"errors"
	"fmt"

	"aetherfs/catalog"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// checker is an Fsck under way.
type checker struct {
	o    FsckOptions
	done Checked
	read map[manifest.Digest]bool // blocks that were checked: whether they are sound

	state *manifest.State // of the dataset that is being gone through
	pass  int             // how often it is
	again bool            // it has to be once more

	queue  map[manifest.Digest]*usedBlock // blocks to be checked, by name
	order  []*usedBlock                   // those of queue, as they were met
	queued int                            // extents in queue
}

// maxPasses bounds how often a dataset is gone through.
const maxPasses = 3

// problem reports what is wrong with the store, and nothing once the check is
// told to end.
func (c *checker) problem(ctx context.Context, p Problem) {
	if ctx.Err() != nil {
		return
	}
	c.done.Problems++
	c.o.Report(p)
}

// dataset checks one dataset. An error is of what all of it needs.
func (c *checker) dataset(ctx context.Context, name string) error {
	d, err := c.o.Names.Dataset(ctx, name)
	if errors.Is(err, store.ErrReadOnly) || errors.Is(err, manifest.ErrNoDataset) {
		return nil // its removal has not come to its end
	}
	if err != nil {
		return err
	}
	if err := d.Sync(ctx); err != nil {
		return err
	}
	if err := d.CheckLog(ctx); err != nil {
		c.problem(ctx, Problem{Dataset: name, Err: err})
	}
	files, bytes := c.done.Files, c.done.Bytes
	for c.pass, c.again = 1, true; c.again && err == nil; c.pass++ {
		c.done.Files, c.done.Bytes, c.again, c.state = files, bytes, false, d.State()
		err = c.files(ctx, d)
	}
	return err
}

// found reports a problem of d, unless a gateway has folded the log since its
// state was taken: segments that the state names may have made way then, and d
// is gone through again.
func (c *checker) found(ctx context.Context, d *catalog.Dataset, p Problem) {
	if c.pass < maxPasses && d.Sync(ctx) == nil && d.State().Fold() != c.state.Fold() {
		c.again = true
		return
	}
	c.problem(ctx, p)
}

// files checks what the state names.
func (c *checker) files(ctx context.Context, d *catalog.Dataset) error {
	for t, err := range c.state.Tags(ctx) {
		if err != nil {
			return err
		}
		if err := c.tag(ctx, d, t.Name); err != nil {
			c.found(ctx, d, Problem{Dataset: d.Name, Err: fmt.Errorf("tag %q: %w", t.Name, err)})
		}
	}
	if err := c.uploads(ctx, d); err != nil {
		c.found(ctx, d, Problem{Dataset: d.Name, Err: fmt.Errorf("open uploads: %w", err)})
	}
	c.checkQueue(ctx, d)
	return nil
}

func (c *checker) tag(ctx context.Context, d *catalog.Dataset, tag string) error {
	for e, err := range c.state.Entries(ctx, tag) {
		if err != nil {
			return err
		}
		c.done.Files++
		c.done.Bytes += e.Size
		whole, err := c.state.Whole(ctx, e)
		if err != nil {
			c.found(ctx, d, Problem{Dataset: d.Name, Tag: tag, Path: e.Name, Err: err})
			continue
		}
		c.enqueue(ctx, d, tag, e.Name, whole.Recipe)
	}
	return nil
}

func (c *checker) uploads(ctx context.Context, d *catalog.Dataset) error {
	for u, err := range c.state.Uploads(ctx, "", manifest.ID{}) {
		if err != nil {
			return err
		}
		for recipe, err := range u.Recipes(ctx) {
			if err != nil {
				return err
			}
			c.enqueue(ctx, d, u.Tag, u.Name, recipe)
		}
	}
	return nil
}
