package manifest

import (
	"context"
	"iter"
)

// Limits that replay decides by: S3's.
const (
	MaxEntryBytes = 5 << 40 // of one file
	MinPartBytes  = 5 << 20 // of every part but the last
)

// OpenUpload is a file that arrives in parts. It is never changed after it was
// made.
type OpenUpload struct {
	Tag, Name string
	ID        ID
	Initiated int64 // Unix milliseconds
	Attr      Attr
	Checksum  Algorithm // of parts and file; 0: none asked for
	Full      bool      // the file's checksum is over all its bytes

	nodes Nodes // of its state
	parts Map[*uploadPart]
}

// uploadPart is a part with its bytes: their recipe, or the nodes that hold it.
type uploadPart struct {
	Part
	added  int64
	recipe Recipe
	detail []Digest
}

func (u *OpenUpload) key() string { return uploadKey(KeyOf(u.Tag, u.Name), u.ID) }

// Parts yields the parts whose number is greater than after, in order. An error
// is the last that it yields.
func (u *OpenUpload) Parts(ctx context.Context, after int) iter.Seq2[Part, error] {
	return func(yield func(Part, error) bool) {
		for x, err := range u.parts.scan(ctx, u.nodes, partKey(after+1)) {
			if err != nil {
				yield(Part{}, err)
				return
			}
			if !yield(x.v.Part, nil) {
				return
			}
		}
	}
}

// Part returns one part, if it is there.
func (u *OpenUpload) Part(ctx context.Context, number int) (Part, bool, error) {
	p, err := u.parts.get(ctx, u.nodes, partKey(number))
	if err != nil || p == nil {
		return Part{}, false, err
	}
	return p.Part, true, nil
}

// Recipes yields the recipe of each part. An error is the last that it yields.
func (u *OpenUpload) Recipes(ctx context.Context) iter.Seq2[Recipe, error] {
	return func(yield func(Recipe, error) bool) {
		for x, err := range u.parts.scan(ctx, u.nodes, "") {
			var r Recipe
			if err == nil {
				r, err = joinRecipes(ctx, u.nodes, []*uploadPart{x.v})
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// assemble joins the named parts.
func (u *OpenUpload) assemble(ctx context.Context, refs []PartRef) (*Entry, error) {
	if len(refs) == 0 {
		return nil, ErrInvalidPart
	}
	x := &Entry{Name: u.Name, Parts: make([]Part, 0, len(refs))}
	parts := make([]*uploadPart, 0, len(refs))
	last := 0
	for i, ref := range refs {
		part, err := u.parts.get(ctx, u.nodes, partKey(ref.Number))
		switch {
		case err != nil:
			return nil, err
		case part == nil || part.ETag != ref.ETag || ref.Number <= last:
			return nil, ErrInvalidPart
		case part.Size < MinPartBytes && i+1 < len(refs):
			return nil, ErrPartTooSmall
		case part.Size > MaxEntryBytes-x.Size:
			return nil, ErrTooLarge
		}
		last = ref.Number
		x.Size += part.Size
		x.Added += part.added
		x.Parts = append(x.Parts, part.Part)
		parts = append(parts, part)
	}
	x.ETag = PartsETag(x.Parts)
	var err error
	x.Recipe, err = joinRecipes(ctx, u.nodes, parts)
	return x, err
}

// joinRecipes returns the recipes of parts, one behind the other.
func joinRecipes(ctx context.Context, nodes Nodes, parts []*uploadPart) (Recipe, error) {
	var names []Digest
	for _, p := range parts {
		names = append(names, p.detail...)
	}
	details, err := readDetails(ctx, nodes, names)
	if err != nil {
		return nil, err
	}
	var all Recipe
	for _, p := range parts {
		all = append(all, p.recipe...)
		for _, d := range details[:len(p.detail)] {
			all = append(all, d.recipe...)
		}
		details = details[len(p.detail):]
	}
	return all, nil
}
