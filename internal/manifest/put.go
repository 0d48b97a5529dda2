package manifest

import (
	"context"
	"slices"

	"aetherfs/internal/sabotage"
)

// Put makes Entry what key Tag/Name holds.
type Put struct {
	Tag   string
	Entry Entry // ID and Modified are given by replay
	Cond  Cond
}

func (*Put) kind() byte { return kindPut }

func (r *Put) encode(e *encoder) {
	x := &r.Entry
	e.string(r.Tag)
	e.string(x.Name)
	e.cond(r.Cond)
	e.int(x.Size)
	e.etag(x.ETag)
	e.int(x.Added)
	e.attr(&x.Attr)
	e.recipe(x.Recipe)
}

func decodePut(d *decoder) Record {
	r := &Put{}
	x := &r.Entry
	r.Tag, x.Name = d.path()
	r.Cond = d.cond()
	x.Size = d.int()
	x.ETag = d.etag()
	x.Added = d.int()
	x.Attr = d.attr()
	x.Recipe = d.recipe()
	if x.Recipe.Len() != x.Size {
		d.fail("entry of %d bytes with a recipe of %d", x.Size, x.Recipe.Len())
	}
	return r
}

func (r *Put) apply(ctx context.Context, p *replay) (Result, error) {
	if err := p.check(ctx, r.Cond, r.Tag, r.Entry.Name); err != nil {
		return Result{}, err
	}
	recipe, added, err := p.resolve(ctx, r.Entry.Recipe)
	if err != nil {
		return Result{}, err
	}
	x := r.Entry
	x.ID, x.Recipe = p.newID(), recipe
	x.Added += added
	return p.set(ctx, r.Tag, &x)
}

// Delete removes what key Tag/Name holds. A key that holds nothing is fine,
// unless the condition asks for something.
type Delete struct {
	Tag, Name string
	Cond      Cond
}

func (*Delete) kind() byte { return kindDelete }

func (r *Delete) encode(e *encoder) {
	e.string(r.Tag)
	e.string(r.Name)
	e.cond(r.Cond)
}

func decodeDelete(d *decoder) Record {
	tag, name := d.path()
	return &Delete{tag, name, d.cond()}
}

func (r *Delete) apply(ctx context.Context, p *replay) (Result, error) {
	old, err := p.s.Entry(ctx, r.Tag, r.Name)
	if err != nil {
		return Result{}, err
	}
	if err := r.Cond.check(old); err != nil {
		return Result{}, err
	}
	if old != nil {
		return Result{}, p.remove(ctx, r.Tag, old)
	}
	return Result{}, nil
}

// check decides c for what a key holds; nil: nothing.
func (c Cond) check(old *Entry) error {
	if sabotage.On(sabotage.ConditionsIgnored) {
		return nil
	}
	if len(c.IfMatch) > 0 {
		if old == nil {
			return ErrNotFound
		}
		if !matches(c.IfMatch, old.ETag) {
			return ErrPrecondition
		}
	}
	if old != nil && matches(c.IfNoneMatch, old.ETag) {
		return ErrPrecondition
	}
	return nil
}

func matches(etags []string, etag string) bool {
	return slices.Contains(etags, "*") || slices.Contains(etags, etag)
}
