package manifest

import (
	"context"
	"iter"
	"strings"

	"github.com/tidwall/btree"
)

// State is what replaying a dataset's segments 1..N gives: the tree of a fold,
// and what was replayed since. It is immutable and may be read by any number of
// goroutines. Reading it may take nodes of the tree; where they cannot be had,
// the error says so, and ErrGone among them.
type State struct {
	dataset ID
	nodes   Nodes
	n       uint64
	epoch   uint64
	closed  bool
	files   int64
	bytes   int64
	tags    Map[*tag]        // by tagKey
	uploads Map[*OpenUpload] // by uploadKey

	base     uint64                     // the segment after which the tree is the state
	fold     Fold                       // the newest that was accepted
	small    *btree.Map[uint64, *Block] // embedded blocks by slot, since base
	records  int                        // since base
	embedded int64                      // bytes of blocks since base
	pinned   bool                       // older blocks were looked up
}

// tag is a version of the dataset.
type tag struct {
	name    string
	files   int64
	bytes   int64
	added   int64
	entries Map[*Entry] // by name
	owner   *owner      // may change it in place
}

// NewState returns the state of a dataset before the first segment, at a
// collection epoch. nodes reads what it is folded into; nil: it never is.
func NewState(dataset ID, epoch uint64, nodes Nodes) *State {
	return &State{
		dataset: dataset,
		nodes:   nodes,
		epoch:   epoch,
		tags:    Map[*tag]{form: tagForm},
		uploads: Map[*OpenUpload]{form: uploadForm},
		small:   &btree.Map[uint64, *Block]{},
	}
}

func newTag(name string) *tag { return &tag{name: name, entries: Map[*Entry]{form: entryForm}} }

// tagKey orders tags as their keys are.
func tagKey(name string) string { return name + "/" }

// KeyOf is the S3 key of a name in a tag.
func KeyOf(tag, name string) string {
	if tag == "" {
		return name
	}
	return tag + "/" + name
}

// cutKey is the inverse of KeyOf.
func cutKey(key string) (tag, name string) {
	if tag, name, ok := strings.Cut(key, "/"); ok && tag != "" {
		return tag, name
	}
	return "", key
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

// Fold is the newest fold that was accepted. Until the state was loaded from
// its tree it still begins with an older one.
func (s *State) Fold() Fold { return s.fold }

// Tail says what was replayed over the tree: how many records, and how many
// bytes embedded in their segments.
func (s *State) Tail() (records int, embedded int64) { return s.records, s.embedded }

// Pinned reports whether replaying the tail looks up blocks that are embedded in
// older segments, which the tree has taken in: then those have to stay, until
// there is another fold.
func (s *State) Pinned() bool { return s.pinned }

func (s *State) tag(ctx context.Context, name string) (*tag, error) {
	return s.tags.get(ctx, s.nodes, tagKey(name))
}

// Entry returns what a key holds, or nil.
func (s *State) Entry(ctx context.Context, tagName, name string) (*Entry, error) {
	t, err := s.tag(ctx, tagName)
	if err != nil || t == nil {
		return nil, err
	}
	return t.entries.get(ctx, s.nodes, name)
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
func (s *State) Tags(ctx context.Context) iter.Seq2[TagInfo, error] {
	return func(yield func(TagInfo, error) bool) {
		for x, err := range s.tags.scan(ctx, s.nodes, "") {
			if err != nil {
				yield(TagInfo{}, err)
				return
			}
			if t := x.v; !yield(TagInfo{t.name, t.files, t.bytes, t.added}, nil) {
				return
			}
		}
	}
}

// Uploads yields the open uploads by key, then by id, beginning with the first
// that is not less than (key, id). An error is the last that it yields.
func (s *State) Uploads(ctx context.Context, key string, id ID) iter.Seq2[*OpenUpload, error] {
	return func(yield func(*OpenUpload, error) bool) {
		for x, err := range s.uploads.scan(ctx, s.nodes, uploadKey(key, id)) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(s.readable(x.v), nil) {
				return
			}
		}
	}
}

// Upload returns the open upload of that id for a key, or nil.
func (s *State) Upload(ctx context.Context, tagName, name string, id ID) (*OpenUpload, error) {
	u, err := s.uploads.get(ctx, s.nodes, uploadKey(KeyOf(tagName, name), id))
	if err != nil || u == nil {
		return nil, err
	}
	return s.readable(u), nil
}

// readable returns u as one that reads its parts as s does.
func (s *State) readable(u *OpenUpload) *OpenUpload {
	c := *u
	c.nodes = s.nodes
	return &c
}

// Embedded yields, in the order of their keys, the recipes that name embedded
// blocks: what a fold has to move. All of them are in memory.
func (s *State) Embedded() iter.Seq[Recipe] {
	return func(yield func(Recipe) bool) {
		for t := range s.tags.changed() {
			for e := range t.entries.changed() {
				if e.Recipe.embedded() && !yield(e.Recipe) {
					return
				}
			}
		}
		for u := range s.uploads.changed() {
			for p := range u.parts.changed() {
				if p.recipe.embedded() && !yield(p.recipe) {
					return
				}
			}
		}
	}
}

func (r Recipe) embedded() bool {
	for _, x := range r {
		if x.Block.Embedded() {
			return true
		}
	}
	return false
}
