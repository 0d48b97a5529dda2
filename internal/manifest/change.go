package manifest

import (
	"context"

	"aetherfs/internal/sabotage"
)

// check decides c for a key.
func (p *replay) check(ctx context.Context, c Cond, tag, name string) error {
	if c.IsZero() {
		return nil
	}
	old, err := p.s.Entry(ctx, tag, name)
	if err != nil {
		return err
	}
	return c.check(old)
}

// source returns what a key held before the transaction, if it is still the
// entry id.
func (p *replay) source(ctx context.Context, tag, name string, id ID) (*Entry, error) {
	e, err := p.start.Entry(ctx, tag, name)
	if err == nil && (e == nil || e.ID != id && !sabotage.On(sabotage.SourceNotChecked)) {
		err = ErrChanged
	}
	return e, err
}

// upload finds an open upload.
func (p *replay) upload(ctx context.Context, tag, name string, id ID) (*OpenUpload, error) {
	u, err := p.s.Upload(ctx, tag, name, id)
	if err == nil && u == nil {
		err = ErrNoUpload
	}
	return u, err
}

// own returns the tag of that name as one that may be changed in place.
func (p *replay) own(ctx context.Context, name string) (*tag, error) {
	t, err := p.s.tag(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case t == nil:
		t = newTag(name)
	case t.owner == p.owner:
		return t, nil
	default:
		c := *t
		c.entries = t.entries.copy()
		t = &c
	}
	t.owner = p.owner
	p.s.tags.set(tagKey(name), t)
	return t, nil
}

// set makes x what its key holds, dated now, but later than what it held.
func (p *replay) set(ctx context.Context, tag string, x *Entry) (Result, error) {
	old, err := p.s.Entry(ctx, tag, x.Name)
	if err != nil {
		return Result{}, err
	}
	x.Modified = p.time
	if old != nil {
		x.Modified = max(x.Modified, old.Modified+1)
	}
	return p.replace(ctx, tag, old, x)
}

// replace makes x what its key holds instead of old.
func (p *replay) replace(ctx context.Context, tag string, old, x *Entry) (Result, error) {
	t, err := p.own(ctx, tag)
	if err != nil {
		return Result{}, err
	}
	if old != nil {
		p.count(t, old, -1)
	}
	p.count(t, x, 1)
	t.entries.set(x.Name, x)
	return Result{Entry: x}, nil
}

// count adds a file to what is counted, or takes it off.
func (p *replay) count(t *tag, x *Entry, n int64) {
	t.files += n
	t.bytes += n * x.Size
	t.added += n * x.Added
	p.s.files += n
	p.s.bytes += n * x.Size
}

// remove takes old out of a tag; a tag goes with its last entry.
func (p *replay) remove(ctx context.Context, tag string, old *Entry) error {
	t, err := p.own(ctx, tag)
	if err != nil {
		return err
	}
	p.count(t, old, -1)
	t.entries.delete(old.Name)
	if t.files == 0 {
		p.s.tags.delete(tagKey(tag))
	}
	return nil
}
