package manifest

import (
	"context"
	"iter"

	"github.com/tidwall/btree"
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

	parts *btree.BTreeG[*uploadPart]
}

type uploadPart struct {
	Part
	added  int64
	recipe Recipe
}

func newParts() *btree.BTreeG[*uploadPart] {
	return btree.NewBTreeGOptions(func(a, b *uploadPart) bool { return a.Number < b.Number }, btree.Options{NoLocks: true})
}

// Parts yields the parts whose number is greater than after, in order.
func (u *OpenUpload) Parts(_ context.Context, after int) iter.Seq2[Part, error] {
	return func(yield func(Part, error) bool) {
		u.parts.Ascend(&uploadPart{Part: Part{Number: after + 1}}, func(p *uploadPart) bool { return yield(p.Part, nil) })
	}
}

// Part returns one part, if it is there.
func (u *OpenUpload) Part(_ context.Context, number int) (Part, bool, error) {
	p, ok := u.parts.Get(&uploadPart{Part: Part{Number: number}})
	if !ok {
		return Part{}, false, nil
	}
	return p.Part, true, nil
}

// assemble joins the named parts.
func (u *OpenUpload) assemble(_ context.Context, refs []PartRef) (*Entry, error) {
	if len(refs) == 0 {
		return nil, ErrInvalidPart
	}
	x := &Entry{Name: u.Name, Parts: make([]Part, 0, len(refs))}
	last := 0
	for i, ref := range refs {
		part, ok := u.parts.Get(&uploadPart{Part: Part{Number: ref.Number}})
		switch {
		case !ok || part.ETag != ref.ETag || ref.Number <= last:
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
		x.Recipe = append(x.Recipe, part.recipe...)
	}
	x.ETag = PartsETag(x.Parts)
	return x, nil
}
