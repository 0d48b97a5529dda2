package manifest

import (
	"context"

	"github.com/tidwall/btree"
)

// Fold is a tree with the place of its state in the log. The zero Fold is none:
// nothing of the log was folded.
type Fold struct {
	Slot uint64 // of the segment that committed it
	Base uint64 // the segment after which the tree is the state
	Prev uint64 // the base of the fold that it builds on; 0: none
	Root Digest // the name of the tree's root
}

// Write takes a node that is to be kept in the store under a name.
type Write func(ctx context.Context, name Digest, node []byte) error

// Tree writes the state as a tree and returns the name of its root. Only nodes
// are written that the tree of s does not have, children before parents.
// sum is the SHA-256 of segment s.N(). move turns a recipe that Embedded yields
// into one that names blocks of the pool alone. Both are called by one goroutine
// at a time.
func (s *State) Tree(ctx context.Context, sum Digest, move func(Recipe) (Recipe, error), write Write) (Digest, error) {
	return s.tree(ctx, &writer{cuts: nodeCuts, epoch: s.epoch, nodes: s.nodes, move: move, write: write}, sum)
}

func (s *State) tree(ctx context.Context, w *writer, sum Digest) (Digest, error) {
	tags, err := fold(ctx, w, &s.tags, w.cuts.inRoot, w.tag)
	if err != nil {
		return Digest{}, err
	}
	uploads, err := fold(ctx, w, &s.uploads, w.cuts.inRoot, w.upload)
	if err != nil {
		return Digest{}, err
	}
	r, err := single(ctx, w, rootForm, &root{s.dataset, s.n, sum, s.closed, s.files, s.bytes, tags, uploads, ref{}})
	return r.name, err
}

// Tree writes the hub as that of a State does. All of its nodes are written.
func (h *Hub) Tree(ctx context.Context, sum Digest, write Write) (Digest, error) {
	return h.tree(ctx, &writer{cuts: nodeCuts, epoch: h.epoch, write: write}, sum)
}

func (h *Hub) tree(ctx context.Context, w *writer, sum Digest) (Digest, error) {
	datasets, err := foldAll(ctx, w, datasetForm, h.datasets)
	if err != nil {
		return Digest{}, err
	}
	keys, err := foldAll(ctx, w, keyForm, h.keys)
	if err != nil {
		return Digest{}, err
	}
	settings, err := foldAll(ctx, w, settingsForm, h.settings)
	if err != nil {
		return Digest{}, err
	}
	r, err := single(ctx, w, rootForm, &root{n: h.n, sum: sum, first: datasets, second: keys, third: settings})
	return r.name, err
}

func foldAll[V comparable](ctx context.Context, w *writer, f *form[V], all *btree.Map[string, V]) (ref, error) {
	m := Map[V]{form: f, over: all}
	return fold(ctx, w, &m, w.cuts.inRoot, func(_ context.Context, v V) (V, error) { return v, nil })
}

// tag writes the entries of a tag.
func (w *writer) tag(ctx context.Context, t *tag) (*tag, error) {
	r, err := fold(ctx, w, &t.entries, w.cuts.inline, w.entry)
	c := *t
	c.entries = mapOf(entryForm, r, c.files)
	return &c, err
}

// upload writes the parts of an upload.
func (w *writer) upload(ctx context.Context, u *OpenUpload) (*OpenUpload, error) {
	r, err := fold(ctx, w, &u.parts, w.cuts.inline, w.part)
	c := *u
	c.parts = mapOf(partForm, r, 0)
	return &c, err
}

// entry moves what is embedded, and writes a long recipe.
func (w *writer) entry(ctx context.Context, x *Entry) (*Entry, error) {
	if len(x.Detail) > 0 {
		return x, nil
	}
	c := *x
	var err error
	if c.Recipe, c.Detail, err = w.bytes(ctx, c.Parts, c.Recipe); len(c.Detail) > 0 {
		c.Parts = nil
	}
	return &c, err
}

// part does the same for a part.
func (w *writer) part(ctx context.Context, p *uploadPart) (*uploadPart, error) {
	if len(p.detail) > 0 {
		return p, nil
	}
	c := *p
	var err error
	c.recipe, c.detail, err = w.bytes(ctx, nil, c.recipe)
	return &c, err
}

// bytes returns a recipe that names nothing embedded, or the nodes that hold it
// with the parts.
func (w *writer) bytes(ctx context.Context, parts []Part, r Recipe) (Recipe, []Digest, error) {
	if r.embedded() {
		var err error
		if r, err = w.move(r); err != nil {
			return nil, nil, err
		}
	}
	var names []Digest
	for _, d := range cutDetails(parts, r, w.cuts.detail) {
		ref, err := single(ctx, w, detailForm, d)
		if err != nil {
			return nil, nil, err
		}
		names = append(names, ref.name)
	}
	if names != nil {
		r = nil
	}
	return r, names, nil
}
