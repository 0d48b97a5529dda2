package manifest

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/tidwall/btree"
)

// Map is a persistent map from strings to values, in order: a tree of nodes,
// and over it what was set and deleted since. The zero V is no value. Copying
// one is free; only a copy that no other goroutine knows may be changed.
//
// What lies in the tree is read when it is needed, and may fail to be read.
type Map[V comparable] struct {
	form *form[V]
	base *tree[V]              // nil: empty
	over *btree.Map[string, V] // nil: empty; the zero V: deleted
}

// tree is what nodes hold of a map. It is shared by the maps over it.
type tree[V comparable] struct {
	form  *form[V]
	top   ref
	count uint64 // of its values; 0: not known

	// ahead is what some keys hold, zero for nothing. It spares reading, for
	// as long as a segment is replayed, and changes no answer.
	ahead atomic.Pointer[map[string]V]
}

// mapOf returns the map that lies under r, of so many values; 0: as many as
// there are.
func mapOf[V comparable](f *form[V], r ref, count int64) Map[V] {
	if r.isZero() {
		return Map[V]{form: f}
	}
	return Map[V]{form: f, base: &tree[V]{form: f, top: r, count: uint64(count)}}
}

// root is the ref under which the map lies, without what was changed since.
func (m *Map[V]) root() ref {
	if m.base == nil {
		return ref{}
	}
	return m.base.top
}

// copy returns a map that may be changed.
func (m *Map[V]) copy() Map[V] {
	c := *m
	if m.over != nil {
		c.over = m.over.Copy()
	}
	return c
}

func (m *Map[V]) set(key string, v V) {
	if m.over == nil {
		m.over = &btree.Map[string, V]{}
	}
	m.over.Set(key, v)
}

func (m *Map[V]) delete(key string) {
	var none V
	switch {
	case m.base != nil:
		m.set(key, none)
	case m.over != nil:
		m.over.Delete(key)
	}
}

// changed yields what was set since the tree, in order.
func (m *Map[V]) changed() iter.Seq[V] {
	return func(yield func(V) bool) {
		var none V
		if m.over != nil {
			m.over.Scan(func(_ string, v V) bool { return v == none || yield(v) })
		}
	}
}

// get returns what key holds, or zero.
func (m *Map[V]) get(ctx context.Context, nodes Nodes, key string) (v V, err error) {
	if m.over != nil {
		if v, ok := m.over.Get(key); ok {
			return v, nil
		}
	}
	if m.base == nil {
		return v, nil
	}
	return m.base.get(ctx, nodes, key)
}

// open returns the highest node.
func (t *tree[V]) open(ctx context.Context, nodes Nodes) (*Node, error) {
	n, err := t.top.open(ctx, nodes, t.form.kind)
	if err == nil && t.count > 0 && n.count != t.count {
		return nil, &unread{fmt.Errorf("node %s has %d values, not %d: %w", t.top.name, n.count, t.count, ErrFormat)}
	}
	return n, err
}

func (t *tree[V]) get(ctx context.Context, nodes Nodes, key string) (v V, err error) {
	if known := t.ahead.Load(); known != nil {
		if v, ok := (*known)[key]; ok {
			return v, nil
		}
	}
	n, err := t.open(ctx, nodes)
	for err == nil && n.level > 0 {
		n, err = n.open(ctx, nodes, n.under(key))
	}
	if err != nil {
		return v, err
	}
	return t.form.find(n, key), nil
}

// find returns what key holds in a leaf, or zero.
func (f *form[V]) find(n *Node, key string) (v V) {
	if i := n.under(key); n.keys[i] == key {
		v = f.at(n, i)
	}
	return v
}

// item is a key with what it holds.
type item[V any] struct {
	key string
	v   V
}

// scan yields what keys hold, in order, beginning with the first that is not
// less than from. An error is the last that it yields.
func (m *Map[V]) scan(ctx context.Context, nodes Nodes, from string) iter.Seq2[item[V], error] {
	return func(yield func(item[V], error) bool) {
		var none V
		over := m.over
		if over == nil {
			over = &btree.Map[string, V]{}
		}
		it := over.Iter()
		more := it.Seek(from)
		// upTo yields what was set at keys before end, or at all that are left.
		upTo := func(end string, bounded bool) bool {
			for ; more && (!bounded || it.Key() < end); more = it.Next() {
				if it.Value() != none && !yield(item[V]{it.Key(), it.Value()}, nil) {
					return false
				}
			}
			return true
		}
		if m.base != nil {
			for n, err := range m.base.leaves(ctx, nodes, from) {
				if err != nil {
					yield(item[V]{}, err)
					return
				}
				for i := n.from(from); i < len(n.keys); i++ {
					key := n.keys[i]
					if !upTo(key, true) {
						return
					}
					if more && it.Key() == key {
						continue // it was changed; what it holds comes with the rest
					}
					if !yield(item[V]{key, m.form.at(n, i)}, nil) {
						return
					}
				}
			}
		}
		upTo("", false)
	}
}
