package backend

import (
	"context"
	"errors"
	"fmt"

	"aetherfs/catalog"
	"aetherfs/internal/journal"
	"aetherfs/internal/manifest"
	"aetherfs/internal/sabotage"
)

// Copy implements Tx. The source is what was committed before the transaction.
func (t *tx) Copy(ctx context.Context, p, from Path, o CopyOptions) error {
	if err := t.owns(p); err != nil {
		return err
	}
	if from.Dataset != p.Dataset {
		r, err := t.copyFar(ctx, p, from, o)
		if err != nil {
			return fmt.Errorf("copy %s to %s: %w", from, p, err)
		}
		t.add(p, r)
		return nil
	}
	remake := func(ctx context.Context) (manifest.Record, error) { return t.copyNear(ctx, p, from, o) }
	r, err := remake(ctx)
	if err != nil {
		return fmt.Errorf("copy %s to %s: %w", from, p, err)
	}
	t.changes = append(t.changes, change{p, r, remake})
	return nil
}

// copyNear makes the record of a copy inside the dataset, which replay decides.
func (t *tx) copyNear(ctx context.Context, p, from Path, o CopyOptions) (manifest.Record, error) {
	e, err := t.near(ctx, from, o.Source)
	if err == nil {
		err = o.means(e)
	}
	if err != nil {
		return nil, err
	}
	r := &manifest.Copy{
		FromTag: from.Tag, FromName: from.Name, FromID: e.ID,
		Tag: p.Tag, Name: p.Name, Cond: o.Cond,
		Keep: p == from && !o.Touch,
	}
	if o.Attr != nil {
		r.NewAttr, r.Attr = true, *o.Attr
	}
	if o.Tags != nil {
		r.NewTags, r.Attr.Tags = true, *o.Tags
	}
	return r, nil
}

// near returns what is at from, in the dataset, if it meets c. All sources of the
// transaction are of one state, so that the log is asked once, however many
// there are; replay decides whether they still are there.
func (t *tx) near(ctx context.Context, from Path, c ReadCond) (*manifest.Entry, error) {
	if t.sources == nil {
		f, err := t.b.source(ctx, from, c)
		if err == nil {
			t.sources = f.s
		}
		return f.e, err
	}
	e, err := t.sources.Entry(ctx, from.Tag, from.Name)
	switch {
	case err != nil:
		return nil, explain(err)
	case e == nil:
		return nil, fmt.Errorf("%s: %w", from, ErrNotFound)
	}
	return e, c.Check(e.ETag, info(from, e).Modified)
}

// copyFar makes the record of a copy from another dataset. What lies in blocks
// of the same pool is named again; what is embedded in the other's log, or lies
// in another pool, is stored again.
func (t *tx) copyFar(ctx context.Context, p, from Path, o CopyOptions) (manifest.Record, error) {
	e, recipe, added, err := t.adoptFrom(ctx, from, o.Source)
	if err == nil {
		err = o.means(e)
	}
	if err != nil {
		return nil, err
	}
	x := manifest.Entry{
		Name: p.Name, Size: e.Size, ETag: e.ETag, Added: added,
		Attr: e.Attr, Recipe: recipe,
	}
	if o.Attr != nil {
		x.Attr = *o.Attr
		x.Attr.Tags, x.Attr.Checksums = e.Attr.Tags, e.Attr.Checksums
	}
	if o.Tags != nil {
		x.Attr.Tags = *o.Tags
	}
	return &manifest.Put{Tag: p.Tag, Cond: o.Cond, Entry: x}, nil
}

// adoptFrom adopts what is at from, if it meets c. Where its bytes are gone from
// the place at which they were found a moment before, a fold has moved them.
func (t *tx) adoptFrom(ctx context.Context, from Path, c ReadCond) (e *manifest.Entry, r manifest.Recipe, added int64, err error) {
	var before manifest.Recipe
	for n := 0; ; n++ {
		f, err := t.b.source(ctx, from, c)
		if err != nil {
			return nil, nil, 0, err
		}
		if e, err = f.s.Whole(ctx, f.e); err != nil {
			return nil, nil, 0, explain(err)
		}
		r, added, err = t.adopt(ctx, f.d, e.Recipe)
		if !errors.Is(err, ErrCorrupt) || n == maxRenewals || n > 0 && same(e.Recipe, before) {
			return e, r, added, err
		}
		before = e.Recipe
	}
}

// adopt makes a recipe of d one of the transaction's dataset, and returns the
// bytes that this added to the store.
func (t *tx) adopt(ctx context.Context, d *catalog.Dataset, r manifest.Recipe) (out manifest.Recipe, added int64, err error) {
	foreign := func(x manifest.Extent) bool {
		return x.Block != nil && (d.Pool != t.d.Pool || x.Block.Embedded() && !sabotage.On(sabotage.EmbeddedCopied))
	}
	for i := 0; i < len(r); {
		if !foreign(r[i]) {
			out = append(out, r[i])
			i++
			continue
		}
		run := i
		for i < len(r) && foreign(r[i]) {
			i++
		}
		part := r[run:i]
		data := t.b.bytes.Open(ctx, d.Pool, part).Stream(0, part.Len())
		to := scope(t.d)
		to.Below = part.Len() + 1
		stored, err := t.b.bytes.Store(ctx, to, data)
		data.Close()
		if err != nil {
			return nil, 0, explain(err)
		}
		out = append(out, t.take(stored)...)
		if t.small > journal.MaxTxBytes { // which no log would take, and is not kept in memory until then
			return nil, 0, fmt.Errorf("%d bytes of small data: %w", t.small, ErrTooLarge)
		}
		added += stored.Added
	}
	return out, added, nil
}

// means returns ErrPrecondition unless e may be the source.
func (o *CopyOptions) means(e *manifest.Entry) error {
	if o.SourceID != "" && o.SourceID != e.ID.String() {
		return ErrPrecondition
	}
	return nil
}

// source returns what is at from, if it meets c.
func (b *Backend) source(ctx context.Context, from Path, c ReadCond) (found, error) {
	f, err := b.find(ctx, from, nil)
	if err != nil {
		return found{}, err
	}
	if err := c.Check(f.e.ETag, info(from, f.e).Modified); err != nil {
		return found{}, err
	}
	return f, nil
}
