package manifest

import (
	"context"
	"sort"
)

// merge makes a tree of another and of changes.
type merge[V comparable] struct {
	b       *builder[V]
	r       *reader
	prepare func(context.Context, V) (V, error) // makes a changed value one that a leaf can hold
}

// fold returns the ref to a tree of what m holds. It reads and writes the nodes
// in which changes lie, and the neighbours that are cut elsewhere for them.
func fold[V comparable](ctx context.Context, w *writer, m *Map[V], inline int, prepare func(context.Context, V) (V, error)) (ref, error) {
	var changes []item[V]
	if m.over != nil {
		changes = make([]item[V], 0, m.over.Len())
		m.over.Scan(func(key string, v V) bool {
			changes = append(changes, item[V]{key, v})
			return true
		})
	}
	if len(changes) == 0 {
		return m.root(), nil
	}
	r := newReader(ctx, w.nodes)
	defer r.close()
	g := merge[V]{&builder[V]{w: w, form: m.form}, r, prepare}
	if m.base == nil {
		if err := g.put(ctx, changes); err != nil {
			return ref{}, err
		}
		return g.b.finish(ctx, inline)
	}
	top, err := m.base.open(ctx, w.nodes)
	if err == nil {
		err = g.node(ctx, top, changes)
	}
	if err != nil {
		return ref{}, err
	}
	return g.b.finish(ctx, inline)
}

// put takes values that were set.
func (g *merge[V]) put(ctx context.Context, changes []item[V]) error {
	var none V
	for _, c := range changes {
		if c.v == none {
			continue
		}
		v, err := g.prepare(ctx, c.v)
		if err != nil {
			return err
		}
		if err := g.b.add(ctx, c.key, v); err != nil {
			return err
		}
	}
	return nil
}

// node takes a node with the changes in its range.
func (g *merge[V]) node(ctx context.Context, n *Node, changes []item[V]) error {
	if n.level == 0 {
		return g.leaf(ctx, n, changes)
	}
	coming := map[int]*promise{} // children that have changes and are being read
	next, behind := 0, changes   // the child from which on to look for more, and its changes
	for i, key := range n.keys {
		here := changes[:g.within(n, i, changes)]
		changes = changes[len(here):]
		if len(here) == 0 && g.b.aligned(int(n.level)) {
			if err := g.b.addChild(ctx, int(n.level), key, n.children[i]); err != nil {
				return err
			}
			continue
		}
		for next = max(next, i); next < len(n.keys) && len(coming) <= maxReadAhead; next++ {
			if k := g.within(n, next, behind); k > 0 || next == i {
				coming[next] = g.r.open(n, next)
				behind = behind[k:]
			}
		}
		if coming[i] == nil {
			coming[i] = g.r.open(n, i)
		}
		c, err := coming[i].wait()
		delete(coming, i)
		if err == nil {
			err = g.node(ctx, c, here)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// within is how many of the changes, which begin in the range of child i of n,
// lie in it.
func (g *merge[V]) within(n *Node, i int, changes []item[V]) int {
	if i+1 == len(n.keys) {
		return len(changes)
	}
	return sort.Search(len(changes), func(k int) bool { return changes[k].key >= n.keys[i+1] })
}

// leaf takes the values of a leaf with the changes among them.
func (g *merge[V]) leaf(ctx context.Context, n *Node, changes []item[V]) error {
	for i, key := range n.keys {
		k := sort.Search(len(changes), func(k int) bool { return changes[k].key >= key })
		if err := g.put(ctx, changes[:k]); err != nil {
			return err
		}
		if changes = changes[k:]; len(changes) > 0 && changes[0].key == key {
			continue // it comes with the rest
		}
		if err := g.b.add(ctx, key, g.b.form.at(n, i)); err != nil {
			return err
		}
	}
	return g.put(ctx, changes)
}
