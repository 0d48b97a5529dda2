package manifest

import (
	"iter"
	"strings"
)

// Entries yields a tag's entries by name.
func (s *State) Entries(tagName string) iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		if t, ok := s.tag(tagName); ok {
			t.entries.Scan(yield)
		}
	}
}

// Keys yields each tag's name with each of its entries in the byte order of
// the whole keys, beginning with the first key that is not less than from.
//
// The keys of a tag lie together, at name + "/", because no key of the root
// tag begins so. Those of the root tag lie between them.
func (s *State) Keys(from string) iter.Seq2[string, *Entry] {
	return func(yield func(string, *Entry) bool) {
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
				more = yield("", e)
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
				more = yield(t.name, e)
				return more
			})
			return more
		})
		if more {
			rootUntil("")
		}
	}
}
