package backend

import (
	"context"
	"errors"
	"fmt"

	"aetherfs/catalog"
	"aetherfs/internal/manifest"
)

// again gets a transaction ready for another attempt after its commit was
// refused with err, and reports whether there is to be one.
//
//   - ErrChanged: the source of a copy was replaced between reading and commit;
//     it is read again.
//   - ErrStale: a fold has taken in the segments in which the transaction found
//     chunks of its files; those are stored again.
//   - ErrClosed: the dataset was removed. If it was made again, that is
//     another, to which the embedded chunks of the first mean nothing.
func (t *tx) again(ctx context.Context, err error) (bool, error) {
	switch {
	case errors.Is(err, manifest.ErrChanged):
		return true, t.remake(ctx)
	case errors.Is(err, manifest.ErrStale):
		return true, t.restore(ctx, t.d)
	case errors.Is(err, manifest.ErrClosed):
		d, err := t.b.dataset(ctx, t.d.Name)
		if err != nil {
			return false, err
		}
		old := t.d
		t.d = d
		if err := t.restore(ctx, old); err != nil {
			return false, err
		}
		return true, t.remake(ctx)
	}
	return false, nil
}

// remake reads the sources of copies again.
func (t *tx) remake(ctx context.Context) (err error) {
	t.sources = nil
	for i, c := range t.changes {
		if c.remake == nil {
			continue
		}
		if t.changes[i].record, err = c.remake(ctx); err != nil {
			return err
		}
	}
	return nil
}

// restore stores anew what the records name in embedded blocks of a dataset's
// log. ErrUnavailable: their segments have made way, for so long has the
// transaction waited.
func (t *tx) restore(ctx context.Context, of *catalog.Dataset) error {
	for _, c := range t.changes {
		var err error
		switch r := c.record.(type) {
		case *manifest.Put:
			r.Entry.Recipe, _, err = t.adopt(ctx, of, r.Entry.Recipe)
		case *manifest.AddPart:
			r.Recipe, _, err = t.adopt(ctx, of, r.Recipe)
		}
		if errors.Is(err, ErrCorrupt) {
			return fmt.Errorf("%w: %s", ErrUnavailable, err.Error())
		}
		if err != nil {
			return err
		}
	}
	return nil
}
