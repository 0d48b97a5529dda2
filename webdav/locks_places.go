package webdav

import (
	"iter"
	"slices"

	"github.com/tidwall/btree"
)

// places is what is locked and what is being written, by name. A name that is
// neither is not in it. Its owner guards it.
type places struct {
	byName btree.Map[string, *place]
}

// A place is a name that locks begin at or that is being written.
type place struct {
	locks      []*lock
	writes     int // under way, of the name alone
	treeWrites int // under way, of the name and all below it
}

// A write is what a request is about to change.
type write struct {
	name   string
	tree   bool // all below it too: it is deleted, moved or copied over
	member bool // it comes or goes, which changes the directory above
}

// free reports whether nothing stands against the lock asked for.
func (p *places) free(ask lockAsk) bool {
	for held := range p.protecting(ask.root) {
		if !held.ask.shared || !ask.shared {
			return false
		}
	}
	for name, at := range p.upwards(ask.root) {
		if at.treeWrites > 0 || name == ask.root && at.writes > 0 {
			return false
		}
	}
	if !ask.deep {
		return true
	}
	for _, at := range p.below(ask.root) {
		if at.writes > 0 || at.treeWrites > 0 {
			return false
		}
		if len(at.locks) > 0 && !(ask.shared && at.locks[0].ask.shared) {
			return false
		}
	}
	return true
}

// allows reports whether mine, which picks those locks whose tokens the user
// has told, let the write through.
func (p *places) allows(w write, mine func(*lock) bool) bool {
	if !open(p.protecting(w.name), mine) || w.member && w.name != "" && !open(p.protecting(parent(w.name)), mine) {
		return false
	}
	if !w.tree {
		return true
	}
	if !open(p.protectingAllOf(w.name), mine) {
		return false
	}
	for name, at := range p.below(w.name) {
		if len(at.locks) > 0 && (!open(p.protecting(name), mine) || !open(p.protectingAllOf(name), mine)) {
			return false
		}
	}
	return true
}

// open reports whether of the locks, if there are any, one is mine.
func open(locks iter.Seq[*lock], mine func(*lock) bool) bool {
	locked := false
	for held := range locks {
		if mine(held) {
			return true
		}
		locked = true
	}
	return !locked
}

// protecting yields the locks that protect name.
func (p *places) protecting(name string) iter.Seq[*lock] {
	return func(yield func(*lock) bool) {
		for root, at := range p.upwards(name) {
			for _, held := range at.locks {
				if (root == name || held.ask.deep) && !yield(held) {
					return
				}
			}
		}
	}
}

// protectingAllOf yields the locks that protect name and all below it.
func (p *places) protectingAllOf(name string) iter.Seq[*lock] {
	return func(yield func(*lock) bool) {
		for held := range p.protecting(name) {
			if held.ask.deep && !yield(held) {
				return
			}
		}
	}
}

// rooted returns the locks that begin at name or below.
func (p *places) rooted(name string) []*lock {
	var found []*lock
	if at, ok := p.byName.Get(name); ok {
		found = append(found, at.locks...)
	}
	for _, at := range p.below(name) {
		found = append(found, at.locks...)
	}
	return found
}

// upwards yields the place at name and those above it, up to the root.
func (p *places) upwards(name string) iter.Seq2[string, *place] {
	return func(yield func(string, *place) bool) {
		for {
			if at, ok := p.byName.Get(name); ok && !yield(name, at) {
				return
			}
			if name == "" {
				return
			}
			name = parent(name)
		}
	}
}

// below yields the places below name, in the order of names.
func (p *places) below(name string) iter.Seq2[string, *place] {
	return func(yield func(string, *place) bool) {
		from := name + "/"
		if name == "" {
			from = "\x00" // the least of names that are not the root
		}
		p.byName.Ascend(from, func(at string, found *place) bool {
			return within(at, name) && yield(at, found)
		})
	}
}

func (p *places) add(k *lock) {
	at := p.make(k.ask.root)
	at.locks = append(at.locks, k)
}

func (p *places) remove(k *lock) {
	at := p.make(k.ask.root)
	at.locks = slices.DeleteFunc(at.locks, func(held *lock) bool { return held == k })
	p.tidy(k.ask.root, at)
}

// count adds n, which is 1 or -1, to the writes under way.
func (p *places) count(w write, n int) {
	at := p.make(w.name)
	if w.tree {
		at.treeWrites += n
	} else {
		at.writes += n
	}
	p.tidy(w.name, at)
}

func (p *places) make(name string) *place {
	if at, ok := p.byName.Get(name); ok {
		return at
	}
	at := &place{}
	p.byName.Set(name, at)
	return at
}

// tidy takes a place out at which nothing is left.
func (p *places) tidy(name string, at *place) {
	if len(at.locks) == 0 && at.writes == 0 && at.treeWrites == 0 {
		p.byName.Delete(name)
	}
}
