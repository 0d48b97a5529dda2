package manifest

import (
	"context"
	"iter"
	"strings"
)

// Entries yields a tag's entries by name. An error is the last that it yields.
func (s *State) Entries(ctx context.Context, tagName string) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		t, err := s.tag(ctx, tagName)
		if err != nil {
			yield(nil, err)
			return
		}
		if t == nil {
			return
		}
		for x, err := range t.entries.scan(ctx, s.nodes, "") {
			if !yield(x.v, err) || err != nil {
				return
			}
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
func (s *State) Keys(ctx context.Context, from string) iter.Seq2[Keyed, error] {
	return func(yield func(Keyed, error) bool) {
		l := lister{s: s, ctx: ctx, from: from, yield: yield}
		defer l.end()
		first := from
		if name, _, ok := strings.Cut(from, "/"); ok {
			first = tagKey(name)
		}
		for x, err := range s.tags.scan(ctx, s.nodes, first) {
			if err != nil {
				yield(Keyed{}, err)
				return
			}
			if x.v.name != "" && !(l.rootUntil(x.key) && l.tag(x.v)) {
				return
			}
		}
		l.rootUntil("")
	}
}

// lister lists the keys of the root tag between those of the others.
type lister struct {
	s     *State
	ctx   context.Context // of the listing
	from  string
	yield func(Keyed, error) bool

	next func() (item[*Entry], error, bool) // of the root tag; nil: not begun
	stop func()
	head item[*Entry] // the next of the root tag, if more
	more bool
}

func (l *lister) end() {
	if l.stop != nil {
		l.stop()
	}
}

// begin finds the first key of the root tag; false: it yielded an error.
func (l *lister) begin() bool {
	root, err := l.s.tag(l.ctx, "")
	if err != nil {
		l.yield(Keyed{}, err)
		return false
	}
	if root == nil {
		root = newTag("")
	}
	l.next, l.stop = iter.Pull2(root.entries.scan(l.ctx, l.s.nodes, l.from))
	return l.pull()
}

// pull goes to the next key of the root tag; false: it yielded an error.
func (l *lister) pull() bool {
	var err error
	if l.head, err, l.more = l.next(); err != nil {
		l.yield(Keyed{}, err)
		return false
	}
	return true
}

// rootUntil yields what is left of the root tag's keys before end, or all that
// is left for "", and reports whether to go on.
func (l *lister) rootUntil(end string) bool {
	if l.next == nil && !l.begin() {
		return false
	}
	for l.more && (end == "" || l.head.key < end) {
		if !l.yield(Keyed{"", l.head.v}, nil) || !l.pull() {
			return false
		}
	}
	return true
}

// tag yields the keys of another tag, and reports whether to go on.
func (l *lister) tag(t *tag) bool {
	name, within := strings.CutPrefix(l.from, tagKey(t.name))
	if !within {
		name = "" // from is before the tag
	}
	for x, err := range t.entries.scan(l.ctx, l.s.nodes, name) {
		if err != nil {
			l.yield(Keyed{}, err)
			return false
		}
		if !l.yield(Keyed{t.name, x.v}, nil) {
			return false
		}
	}
	return true
}
