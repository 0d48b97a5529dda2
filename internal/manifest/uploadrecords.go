package manifest

import (
	"context"

	"aetherfs/internal/sabotage"
)

// Upload begins one. Replay gives its id.
type Upload struct {
	Tag, Name string
	Attr      Attr
	Checksum  Algorithm
	Full      bool
}

func (*Upload) kind() byte { return kindUpload }

func (r *Upload) encode(e *encoder) {
	e.string(r.Tag)
	e.string(r.Name)
	e.attr(&r.Attr)
	e.byte(byte(r.Checksum))
	e.bool(r.Full)
}

func decodeUpload(d *decoder) Record {
	r := &Upload{}
	r.Tag, r.Name = d.path()
	r.Attr, r.Checksum, r.Full = d.attr(), Algorithm(d.byte()), d.bool()
	if r.Checksum > SHA256 {
		d.fail("checksum algorithm %d", r.Checksum)
	}
	return r
}

func (r *Upload) apply(_ context.Context, p *replay) (Result, error) {
	u := &OpenUpload{Tag: r.Tag, Name: r.Name, ID: p.newID(), Initiated: p.time, Attr: r.Attr, Checksum: r.Checksum, Full: r.Full, nodes: p.s.nodes}
	u.parts.form = partForm
	if sabotage.On(sabotage.UploadIDReused) {
		u.ID = ID{1}
	}
	p.s.uploads.set(u.key(), u)
	return Result{Upload: u}, nil
}

// AddPart stores a part; it replaces one of the same number.
type AddPart struct {
	Tag, Name string
	Upload    ID
	Part      Part // Modified is given by replay
	Added     int64
	Recipe    Recipe
}

func (*AddPart) kind() byte { return kindAddPart }

func (e *encoder) part(p *Part) {
	e.uint(uint64(p.Number))
	e.int(p.Size)
	e.etag(p.ETag)
	e.checksums(p.Checksums)
}

func (d *decoder) part() Part {
	return Part{Number: int(d.uint32()), Size: d.int(), ETag: d.etag(), Checksums: d.checksums()}
}

func (r *AddPart) encode(e *encoder) {
	e.ref(r.Tag, r.Name, r.Upload)
	e.part(&r.Part)
	e.int(r.Added)
	e.recipe(r.Recipe)
}

func decodeAddPart(d *decoder) Record {
	r := &AddPart{}
	r.Tag, r.Name, r.Upload = d.ref()
	r.Part, r.Added, r.Recipe = d.part(), d.int(), d.recipe()
	if r.Recipe.Len() != r.Part.Size {
		d.fail("part of %d bytes with a recipe of %d", r.Part.Size, r.Recipe.Len())
	}
	return r
}

func (r *AddPart) apply(ctx context.Context, p *replay) (Result, error) {
	u, err := p.upload(ctx, r.Tag, r.Name, r.Upload)
	if err != nil {
		return Result{}, err
	}
	recipe, added, err := p.resolve(ctx, r.Recipe)
	if err != nil {
		return Result{}, err
	}
	return p.addPart(ctx, u, r.Part, r.Added+added, recipe)
}

// CopyPart makes N bytes from Off of a file of the same log a part. If the
// source is no longer the entry FromID, the verdict is ErrChanged.
type CopyPart struct {
	Tag, Name         string
	Upload            ID
	Part              Part
	FromTag, FromName string
	FromID            ID
	Off               int64
}

func (*CopyPart) kind() byte { return kindCopyPart }

func (r *CopyPart) encode(e *encoder) {
	e.ref(r.Tag, r.Name, r.Upload)
	e.part(&r.Part)
	e.ref(r.FromTag, r.FromName, r.FromID)
	e.int(r.Off)
}

func decodeCopyPart(d *decoder) Record {
	r := &CopyPart{}
	r.Tag, r.Name, r.Upload = d.ref()
	r.Part = d.part()
	r.FromTag, r.FromName, r.FromID = d.ref()
	r.Off = d.int()
	return r
}

func (r *CopyPart) apply(ctx context.Context, p *replay) (Result, error) {
	u, err := p.upload(ctx, r.Tag, r.Name, r.Upload)
	if err != nil {
		return Result{}, err
	}
	from, err := p.source(ctx, r.FromTag, r.FromName, r.FromID)
	if err != nil {
		return Result{}, err
	}
	if r.Off > from.Size || r.Part.Size > from.Size-r.Off {
		return Result{}, ErrInvalidPart
	}
	whole, err := p.s.Whole(ctx, from)
	if err != nil {
		return Result{}, err
	}
	return p.addPart(ctx, u, r.Part, 0, whole.Recipe.Slice(r.Off, r.Part.Size))
}

// addPart puts a part into a copy of u.
func (p *replay) addPart(ctx context.Context, u *OpenUpload, part Part, added int64, recipe Recipe) (Result, error) {
	c := *u
	c.parts = u.parts.copy()
	part.Modified = p.time
	old, ok, err := u.Part(ctx, part.Number)
	if err != nil {
		return Result{}, err
	}
	if ok {
		part.Modified = max(part.Modified, old.Modified+1)
	}
	c.parts.set(partKey(part.Number), &uploadPart{Part: part, added: added, recipe: recipe})
	p.s.uploads.set(c.key(), &c)
	return Result{Upload: &c, Part: part}, nil
}

// Complete makes the key of an upload hold its parts, one after the other, and
// ends it.
type Complete struct {
	Tag, Name string
	Upload    ID
	Parts     []PartRef
	Checksums []Checksum // of the file
	Cond      Cond
}

// PartRef names a part as its uploader knows it: one that was replaced since
// has another ETag, and then the verdict is ErrInvalidPart.
type PartRef struct {
	Number int
	ETag   string
}

func (*Complete) kind() byte { return kindComplete }

func (r *Complete) encode(e *encoder) {
	e.ref(r.Tag, r.Name, r.Upload)
	e.uint(uint64(len(r.Parts)))
	for _, p := range r.Parts {
		e.uint(uint64(p.Number))
		e.etag(p.ETag)
	}
	e.checksums(r.Checksums)
	e.cond(r.Cond)
}

func decodeComplete(d *decoder) Record {
	r := &Complete{}
	r.Tag, r.Name, r.Upload = d.ref()
	r.Parts = list(d, 2, func(d *decoder) PartRef { return PartRef{int(d.uint32()), d.etag()} })
	r.Checksums, r.Cond = d.checksums(), d.cond()
	return r
}

func (r *Complete) apply(ctx context.Context, p *replay) (Result, error) {
	u, err := p.upload(ctx, r.Tag, r.Name, r.Upload)
	if err != nil {
		return Result{}, err
	}
	if err := p.check(ctx, r.Cond, r.Tag, r.Name); err != nil {
		return Result{}, err
	}
	x, err := u.assemble(ctx, r.Parts)
	if err != nil {
		return Result{}, err
	}
	x.ID, x.Upload = p.newID(), r.Upload
	x.Attr = u.Attr
	x.Attr.Checksums = r.Checksums
	p.s.uploads.delete(u.key())
	return p.set(ctx, r.Tag, x)
}

// Abort ends an upload and forgets its parts.
type Abort struct {
	Tag, Name string
	Upload    ID
}

func (*Abort) kind() byte { return kindAbort }

func (r *Abort) encode(e *encoder) { e.ref(r.Tag, r.Name, r.Upload) }

func decodeAbort(d *decoder) Record {
	tag, name, id := d.ref()
	return &Abort{tag, name, id}
}

func (r *Abort) apply(ctx context.Context, p *replay) (Result, error) {
	u, err := p.upload(ctx, r.Tag, r.Name, r.Upload)
	if err == nil {
		p.s.uploads.delete(u.key())
	}
	return Result{}, err
}

func (e *encoder) ref(tag, name string, id ID) {
	e.string(tag)
	e.string(name)
	e.raw(id[:])
}

func (d *decoder) ref() (tag, name string, id ID) {
	tag, name = d.path()
	return tag, name, d.id()
}
