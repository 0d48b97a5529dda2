package manifest

// Copy makes key Tag/Name hold what FromTag/FromName holds. Replay takes the
// recipe, so it is that of the state, whatever a fold has made of it. If the
// source is no longer the entry FromID, the verdict is ErrChanged.
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
	return &Copy{
		FromTag: d.string(), FromName: d.string(), FromID: d.id(),
		Tag: d.string(), Name: d.string(), Cond: d.cond(),
		NewAttr: d.bool(), NewTags: d.bool(), Attr: d.attr(), Keep: d.bool(),
	}
}

func (r *Copy) apply(p *replay) (Result, error) {
	from := p.entry(r.FromTag, r.FromName)
	if from == nil || from.ID != r.FromID {
		return Result{}, ErrChanged
	}
	if err := r.Cond.check(p.entry(r.Tag, r.Name)); err != nil {
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
		return Result{Entry: p.replace(r.Tag, &x)}, nil
	}
	return Result{Entry: p.set(r.Tag, &x)}, nil
}
