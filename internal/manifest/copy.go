package manifest

import "context"

// Copy makes key Tag/Name hold what FromTag/FromName held before the
// transaction, so that two keys can change places. Replay takes the recipe, so
// it is that of the state, whatever a fold has made of it. If the source is no
// longer the entry FromID, the verdict is ErrChanged.
type Copy struct {
	FromTag, FromName string
	FromID            ID
	Tag, Name         string
	Cond              Cond

	NewAttr bool // replace headers and metadata by Attr's
	NewTags bool // replace object tags by Attr's
	Attr    Attr
	Keep    bool // onto itself: Modified stays
}

func (*Copy) kind() byte { return kindCopy }

func (r *Copy) encode(e *encoder) {
	e.string(r.FromTag)
	e.string(r.FromName)
	e.raw(r.FromID[:])
	e.string(r.Tag)
	e.string(r.Name)
	e.cond(r.Cond)
	e.bool(r.NewAttr)
	e.bool(r.NewTags)
	e.attr(&r.Attr)
	e.bool(r.Keep)
}

func decodeCopy(d *decoder) Record {
	r := &Copy{}
	r.FromTag, r.FromName = d.path()
	r.FromID = d.id()
	r.Tag, r.Name = d.path()
	r.Cond, r.NewAttr, r.NewTags = d.cond(), d.bool(), d.bool()
	r.Attr, r.Keep = d.attr(), d.bool()
	return r
}

func (r *Copy) apply(ctx context.Context, p *replay) (Result, error) {
	from, err := p.source(ctx, r.FromTag, r.FromName, r.FromID)
	if err != nil {
		return Result{}, err
	}
	if err := p.check(ctx, r.Cond, r.Tag, r.Name); err != nil {
		return Result{}, err
	}
	x := *from
	x.Name, x.ID = r.Name, p.newID()
	self := r.Tag == r.FromTag && r.Name == r.FromName
	if !self {
		x.Added, x.Upload = 0, ID{}
	}
	if r.NewAttr {
		tags, sums := x.Attr.Tags, x.Attr.Checksums
		x.Attr = r.Attr
		x.Attr.Tags, x.Attr.Checksums = tags, sums
	}
	if r.NewTags {
		x.Attr.Tags = r.Attr.Tags
	}
	if r.Keep && self {
		old, err := p.s.Entry(ctx, r.Tag, r.Name)
		if err != nil {
			return Result{}, err
		}
		return p.replace(ctx, r.Tag, old, &x)
	}
	return p.set(ctx, r.Tag, &x)
}
