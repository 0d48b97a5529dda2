package manifest

import (
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

// NewState returns the state before the first segment, at a collection epoch.
func NewState(epoch uint64) *State {
	return &State{
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
		ka, kb := Key(a.Tag, a.Name), Key(b.Tag, b.Name)
		if ka != kb {
			return ka < kb
		}
	}
	return strings.Compare(string(a.ID[:]), string(b.ID[:])) < 0
}

// Key is the S3 key of a name in a tag.
func Key(tag, name string) string {
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
func (s *State) Files() int {
	n := 0
	s.tags.Scan(func(t *tag) bool { n += t.entries.Len(); return true })
	return n
}

func (s *State) tag(name string) (*tag, bool) { return s.tags.Get(&tag{key: name + "/"}) }

// Entry returns what a key holds, or nil.
func (s *State) Entry(tagName, name string) *Entry {
	t, ok := s.tag(tagName)
	if !ok {
		return nil
	}
	e, _ := t.entries.Get(&Entry{Name: name})
	return e
}

// TagInfo describes a tag.
type TagInfo struct {
	Name  string
	Files int
	Bytes int64 // of its files
	Added int64 // that its files added to the store when they came
}

// Tags yields the tags in the byte order of name + "/", which is that of their
// keys.
func (s *State) Tags() iter.Seq[TagInfo] {
	return func(yield func(TagInfo) bool) {
		s.tags.Scan(func(t *tag) bool { return yield(TagInfo{t.name, t.entries.Len(), t.bytes, t.added}) })
	}
}

// Uploads yields the open uploads by key, then by id, beginning with the first
// that is not less than (key, id).
func (s *State) Uploads(key string, id ID) iter.Seq[*OpenUpload] {
	return func(yield func(*OpenUpload) bool) {
		s.uploads.Ascend(&OpenUpload{Name: key, ID: id}, yield)
	}
}

// Upload returns the open upload of that id for a key, or nil.
func (s *State) Upload(tagName, name string, id ID) *OpenUpload {
	u, _ := s.uploads.Get(&OpenUpload{Tag: tagName, Name: name, ID: id})
	return u
}
