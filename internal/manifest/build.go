package manifest

import "context"

// builder makes a tree of values that come in the order of their keys. Where
// its nodes are cut follows from their elements alone, so that a tree has the
// same nodes whatever it was built on.
type builder[V comparable] struct {
	w      *writer
	form   *form[V]
	levels []*level // from the leaves up; all are cut but for what is pending
}

// level is the node that is being made at a level of a tree.
type level struct {
	elements encoder
	first    string // key of the first element
	last     string // of the last
	count    int    // elements
	below    uint64 // values in and below them
	made     int    // nodes before this one
	only     child  // the last element, if it is a node
	fresh    *level // that node, if it was made here
}

func (b *builder[V]) level(i int) *level {
	for len(b.levels) <= i {
		b.levels = append(b.levels, &level{})
	}
	return b.levels[i]
}

// aligned reports whether nothing is pending below level i: a node of that
// level that comes next is the same as before.
func (b *builder[V]) aligned(i int) bool {
	for _, l := range b.levels[:min(i, len(b.levels))] {
		if l.count > 0 {
			return false
		}
	}
	return true
}

// add takes the next value.
func (b *builder[V]) add(ctx context.Context, key string, v V) error {
	l := b.level(0)
	value := encoder{blocks: l.elements.blocks, index: l.elements.index}
	b.form.encode(&value, v)
	l.elements.blocks, l.elements.index = value.blocks, value.index
	l.key(key)
	l.elements.bytes(value.b)
	l.below++
	return b.cut(ctx, 0, key)
}

// addChild takes the next node of level i-1.
func (b *builder[V]) addChild(ctx context.Context, i int, key string, c child) error {
	l := b.level(i)
	l.key(key)
	l.elements.bytes(c.ref.bytes())
	l.elements.uint(c.count)
	l.below += c.count
	l.only, l.fresh = c, nil
	return b.cut(ctx, i, key)
}

// key begins the next element.
func (l *level) key(key string) {
	shared := 0
	for shared < min(len(key), len(l.last)) && key[shared] == l.last[shared] {
		shared++
	}
	if l.count == 0 {
		l.first, shared = key, 0
	}
	l.elements.uint(uint64(shared))
	l.elements.string(key[shared:])
	l.last = key
	l.count++
}

// cut ends the node of level i behind key, if it ends there.
func (b *builder[V]) cut(ctx context.Context, i int, key string) error {
	l, c := b.levels[i], &b.w.cuts
	if l.count < c.most && len(l.elements.b) < c.bytes && !c.behind(key, l.count) {
		return nil
	}
	return b.flush(ctx, i)
}

// flush ends the node of level i.
func (b *builder[V]) flush(ctx context.Context, i int) error {
	l := b.levels[i]
	r, err := b.w.put(ctx, b.form.kind, byte(i), l.count, &l.elements, b.w.cuts.inline)
	if err != nil {
		return err
	}
	done := *l
	*l = level{made: l.made + 1}
	if err := b.addChild(ctx, i+1, done.first, child{r, done.below}); err != nil {
		return err
	}
	if up := b.levels[i+1]; up.count == 1 {
		up.fresh = &done
	}
	return nil
}

// finish returns the root of the tree, which may lie inside another node up to
// so many bytes.
func (b *builder[V]) finish(ctx context.Context, inline int) (ref, error) {
	for i := 0; i < len(b.levels); i++ {
		l := b.levels[i]
		switch {
		case !b.isTop(i):
			if l.count > 0 {
				if err := b.flush(ctx, i); err != nil {
					return ref{}, err
				}
			}
		case l.count == 0:
			return ref{}, nil
		case i > 0 && l.count == 1:
			return b.alone(ctx, i-1, l, inline)
		default:
			return b.w.put(ctx, b.form.kind, byte(i), l.count, &l.elements, inline)
		}
	}
	return ref{}, nil
}

// isTop reports whether the node that is pending at level i is the only one
// there.
func (b *builder[V]) isTop(i int) bool {
	for _, l := range b.levels[i+1:] {
		if l.count > 0 || l.made > 0 {
			return false
		}
	}
	return b.levels[i].made == 0
}

// alone returns the root of a tree that has but one node at level i, which is
// all that up has: that node, or the first below it that has more than one
// child. It is put again, as a root may lie elsewhere than a node among others.
func (b *builder[V]) alone(ctx context.Context, i int, up *level, inline int) (ref, error) {
	if up.fresh != nil {
		return b.w.put(ctx, b.form.kind, byte(i), up.fresh.count, &up.fresh.elements, inline)
	}
	n, err := up.only.open(ctx, b.w.nodes, b.form.kind)
	for err == nil && len(n.children) == 1 {
		n, err = n.open(ctx, b.w.nodes, 0)
	}
	if err != nil {
		return ref{}, err
	}
	l := level{}
	for i, key := range n.keys {
		l.key(key)
		if n.level > 0 {
			l.elements.bytes(n.children[i].bytes())
			l.elements.uint(n.children[i].count)
		} else {
			l.elements.bytes(n.values[i])
		}
	}
	l.elements.blocks = n.blocks
	return b.w.put(ctx, b.form.kind, n.level, l.count, &l.elements, inline)
}
