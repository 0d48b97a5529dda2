package backend

import (
	"context"
	"errors"
	"fmt"

	"aetherfs/catalog"
	"aetherfs/internal/manifest"
)

// maxLookups bounds how often a dataset is looked up again that was removed
// and made again meanwhile.
const maxLookups = 8

// dataset returns a dataset as it is known here, which is good enough for a
// write: the commit decides.
func (b *Backend) dataset(ctx context.Context, name string) (*catalog.Dataset, error) {
	d, err := b.names.Dataset(ctx, name)
	if err != nil {
		return nil, explain(err)
	}
	return d, nil
}

// on runs f on a dataset, and again on the one that has its name now if it was
// removed meanwhile.
func (b *Backend) on(ctx context.Context, name string, f func(*catalog.Dataset) error) error {
	var err error
	for range maxLookups {
		var d *catalog.Dataset
		if d, err = b.dataset(ctx, name); err != nil {
			return err
		}
		if err = f(d); !errors.Is(err, manifest.ErrClosed) {
			return explain(err)
		}
	}
	return explain(err)
}

// read returns a dataset with a state that holds all that was acknowledged, by
// any gateway, when it was called.
func (b *Backend) read(ctx context.Context, name string) (d *catalog.Dataset, s *manifest.State, err error) {
	called := b.names.Moment()
	err = b.on(ctx, name, func(of *catalog.Dataset) error {
		if err := of.BeginSync(ctx, called)(); err != nil {
			return fmt.Errorf("read dataset %s: %w", name, err)
		}
		if d, s = of, of.State(); s.Closed() {
			return manifest.ErrClosed
		}
		return nil
	})
	return d, s, err
}

// found is what a key holds, and in which state.
type found struct {
	d *catalog.Dataset
	s *manifest.State
	e *manifest.Entry
}

// find returns what is at p, as all that was acknowledged when it is called
// says: ErrNotFound. While the log is asked whether it has grown, the entry is
// looked up in the state that is known, and early, if set, is told what it
// is: that was for nothing in the rare case that the log has grown.
func (b *Backend) find(ctx context.Context, p Path, early func(found)) (f found, err error) {
	called := b.names.Moment()
	err = b.on(ctx, p.Dataset, func(d *catalog.Dataset) error {
		wait := d.BeginSync(ctx, called)
		f = found{d: d, s: d.State()}
		var failed error
		if f.e, failed = f.s.Entry(ctx, p.Tag, p.Name); failed == nil && f.e != nil && early != nil {
			early(f)
		}
		if err := wait(); err != nil {
			return fmt.Errorf("read %s: %w", p, err)
		}
		if now := d.State(); now != f.s {
			f.s = now
			f.e, failed = now.Entry(ctx, p.Tag, p.Name)
		}
		switch {
		case f.s.Closed():
			return manifest.ErrClosed
		case failed != nil:
			return fmt.Errorf("read %s: %w", p, failed)
		case f.e == nil:
			return fmt.Errorf("%s: %w", p, ErrNotFound)
		}
		return nil
	})
	return f, err
}

// whole is find, and the entry has its recipe and parts.
func (b *Backend) whole(ctx context.Context, p Path) (found, error) {
	f, err := b.find(ctx, p, nil)
	if err == nil {
		f.e, err = f.s.Whole(ctx, f.e)
	}
	if err != nil {
		return found{}, explain(err)
	}
	return f, nil
}
