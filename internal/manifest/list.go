package manifest

import (
	"context"
	"iter"
	"strings"
)

// Entries yields a tag's entries by name. An error is the last that it yields.
func (s *State) Entries(_ context.Context, tagName string) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		if t, ok := s.tag(tagName); ok {
			t.entries.Scan(func(e *Entry) bool { return yield(e, nil) })
		}
	}
}

// Keyed is an entry with the tag that it is in.
type Keyed struct {
	Tag string
	*Entry
}

// Keys yields the entries of all tags in the byte order of their whole keys,
// beginning with the first key that is not less than from. An error is the last
// that it yields.
//
// The keys of a tag lie together, at name + "/", because no key of the root
// tag begins so. Those of the root tag lie between them.
func (s *State) Keys(_ context.Context, from string) iter.Seq2[Keyed, error] {
	return func(yield func(Keyed, error) bool) {
		root, ok := s.tag("")
		if !ok {
			root = newTag("")
		}
		rest := from // root keys before it have been yielded
		rootUntil := func(end string) bool {
			more := true
			root.entries.Ascend(&Entry{Name: rest}, func(e *Entry) bool {
				if end != "" && e.Name >= end {
					return false
				}
				more = yield(Keyed{"", e}, nil)
				return more
			})
			rest = max(rest, end)
			return more
		}
		first := from
		if name, _, ok := strings.Cut(from, "/"); ok {
			first = name + "/"
		}
		more := true
		s.tags.Ascend(&tag{key: first}, func(t *tag) bool {
			if t.name == "" {
				return true
			}
			if more = rootUntil(t.key); !more {
				return false
			}
			name, within := strings.CutPrefix(from, t.key)
			if !within {
				name = "" // from is before the tag
			}
			t.entries.Ascend(&Entry{Name: name}, func(e *Entry) bool {
				more = yield(Keyed{t.name, e}, nil)
				return more
			})
			return more
		})
		if more {
			rootUntil("")
		}
	}
}
