package manifest

import (
	"context"
	"iter"
	"strings"

	"github.com/tidwall/btree"
)

// State is what replaying a dataset's segments 1..N gives. It is immutable and
// may be read by any number of goroutines.
type State struct {
	n       uint64
	epoch   uint64
	closed  bool
	tags    *btree.BTreeG[*tag]
	uploads *btree.BTreeG[*OpenUpload]
	small   *btree.Map[uint64, *Block] // embedded blocks by slot

	dataset  ID
	nodes    Nodes
	fold     Fold // the newest that was accepted
	files    int64
	bytes    int64
	records  int   // of the segments since the tree
	embedded int64 // bytes in them
}

// tag is a version of the dataset.
type tag struct {
	name    string
	key     string // name + "/": tags are ordered by it, as their keys are
	bytes   int64
	added   int64
	entries *btree.BTreeG[*Entry]
	owner   *owner // may change it in place
}

// NewState returns the state of a dataset before the first segment, at a
// collection epoch. nodes reads what it is folded into; nil: it never is.
func NewState(dataset ID, epoch uint64, nodes Nodes) *State {
	return &State{
		dataset: dataset,
		nodes:   nodes,
		epoch:   epoch,
		tags:    btree.NewBTreeGOptions(func(a, b *tag) bool { return a.key < b.key }, btree.Options{NoLocks: true}),
		uploads: btree.NewBTreeGOptions(uploadLess, btree.Options{NoLocks: true}),
		small:   &btree.Map[uint64, *Block]{},
	}
}

func newTag(name string) *tag {
	less := func(a, b *Entry) bool { return a.Name < b.Name }
	return &tag{name: name, key: name + "/", entries: btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})}
}

// uploadLess orders uploads by key, then by id.
func uploadLess(a, b *OpenUpload) bool {
	if a.Tag != b.Tag || a.Name != b.Name {
		ka, kb := KeyOf(a.Tag, a.Name), KeyOf(b.Tag, b.Name)
		if ka != kb {
			return ka < kb
		}
	}
	return strings.Compare(string(a.ID[:]), string(b.ID[:])) < 0
}

// KeyOf is the S3 key of a name in a tag.
func KeyOf(tag, name string) string {
	if tag == "" {
		return name
	}
	return tag + "/" + name
}

// N is the last segment that was replayed; 0: none.
func (s *State) N() uint64 { return s.n }

// Epoch is the collection epoch that the log has reached.
func (s *State) Epoch() uint64 { return s.epoch }

// Closed reports whether the log has ended.
func (s *State) Closed() bool { return s.closed }

// Files is the number of files in all tags.
func (s *State) Files() int64 { return s.files }

// Bytes is the size of all files.
func (s *State) Bytes() int64 { return s.bytes }

// Fold is the newest fold that was accepted.
func (s *State) Fold() Fold { return s.fold }

// Tail says what was replayed since the tree that the state begins with: how
// many records, and how many bytes embedded in their segments.
func (s *State) Tail() (records int, embedded int64) { return s.records, s.embedded }

// Pinned reports whether replaying the log from the newest fold on reads
// segments that are older than its tree: those have to stay.
func (s *State) Pinned() bool { return false }

// Whole returns e with its Recipe and Parts.
func (s *State) Whole(_ context.Context, e *Entry) (*Entry, error) { return e, nil }

func (s *State) tag(name string) (*tag, bool) { return s.tags.Get(&tag{key: name + "/"}) }

// Entry returns what a key holds, or nil.
func (s *State) Entry(_ context.Context, tagName, name string) (*Entry, error) {
	t, ok := s.tag(tagName)
	if !ok {
		return nil, nil
	}
	e, _ := t.entries.Get(&Entry{Name: name})
	return e, nil
}

// TagInfo describes a tag.
type TagInfo struct {
	Name  string
	Files int64
	Bytes int64 // of its files
	Added int64 // that its files added to the store when they came
}

// Tags yields the tags in the byte order of name + "/", which is that of their
// keys. An error is the last that it yields.
func (s *State) Tags(_ context.Context) iter.Seq2[TagInfo, error] {
	return func(yield func(TagInfo, error) bool) {
		s.tags.Scan(func(t *tag) bool { return yield(TagInfo{t.name, int64(t.entries.Len()), t.bytes, t.added}, nil) })
	}
}

// Uploads yields the open uploads by key, then by id, beginning with the first
// that is not less than (key, id). An error is the last that it yields.
func (s *State) Uploads(_ context.Context, key string, id ID) iter.Seq2[*OpenUpload, error] {
	return func(yield func(*OpenUpload, error) bool) {
		s.uploads.Ascend(&OpenUpload{Name: key, ID: id}, func(u *OpenUpload) bool { return yield(u, nil) })
	}
}

// Upload returns the open upload of that id for a key, or nil.
func (s *State) Upload(_ context.Context, tagName, name string, id ID) (*OpenUpload, error) {
	u, _ := s.uploads.Get(&OpenUpload{Tag: tagName, Name: name, ID: id})
	return u, nil
}
