package manifest

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// maxFetches bounds the nodes that are read at a time before a segment is
// replayed, and of a file's details.
const maxFetches = 16

// throttled lets through so many reads at a time as slots has places.
type throttled struct {
	Nodes
	slots chan struct{}
}

func throttle(nodes Nodes) Nodes { return throttled{nodes, make(chan struct{}, maxFetches)} }

func (t throttled) Node(ctx context.Context, name Digest) (*Node, error) {
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-t.slots }()
	return t.Nodes.Node(ctx, name)
}

// fetch reads what keys hold in the tree, each leaf once and many at a time, and
// keeps it until the returned func is called. Keys that were changed since are
// not looked for.
func (m *Map[V]) fetch(ctx context.Context, nodes Nodes, keys []string) (release func(), err error) {
	if m.over != nil {
		keys = slices.DeleteFunc(keys, func(key string) bool { _, ok := m.over.Get(key); return ok })
	}
	if m.base == nil || len(keys) == 0 {
		return func() {}, nil
	}
	slices.Sort(keys)
	g := gather[V]{t: m.base, nodes: nodes, found: map[string]V{}}
	top, err := m.base.open(ctx, nodes)
	if err == nil {
		err = g.below(ctx, top, slices.Compact(keys))
	}
	if err != nil {
		return func() {}, err
	}
	m.base.ahead.Store(&g.found)
	return func() { m.base.ahead.CompareAndSwap(&g.found, nil) }, nil
}

// gather collects what keys hold.
type gather[V comparable] struct {
	t     *tree[V]
	nodes Nodes
	mu    sync.Mutex
	found map[string]V // guarded by mu
}

func (g *gather[V]) below(ctx context.Context, n *Node, keys []string) error {
	if n.level == 0 {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, key := range keys {
			g.found[key] = g.t.form.find(n, key)
		}
		return nil
	}
	all, ctx := errgroup.WithContext(ctx)
	for len(keys) > 0 {
		i := n.under(keys[0])
		end := len(keys)
		if i+1 < len(n.keys) {
			end, _ = slices.BinarySearch(keys, n.keys[i+1])
		}
		here := keys[:end]
		keys = keys[end:]
		all.Go(func() error {
			c, err := n.open(ctx, g.nodes, i)
			if err != nil {
				return err
			}
			return g.below(ctx, c, here)
		})
	}
	return all.Wait()
}

// wants is the keys that a segment's records ask for.
type wants struct {
	entries map[string][]string // names, by tag
	uploads map[string][]string // keys of parts, by key of upload
}

func (w *wants) entry(tag, name string) { w.entries[tag] = append(w.entries[tag], name) }

func (w *wants) upload(tag, name string, id ID, numbers ...int) {
	key := uploadKey(KeyOf(tag, name), id)
	parts := w.uploads[key]
	for _, n := range numbers {
		parts = append(parts, partKey(n))
	}
	w.uploads[key] = parts
}

func (w *wants) record(r Record) {
	switch r := r.(type) {
	case *Put:
		w.entry(r.Tag, r.Entry.Name)
	case *Delete:
		w.entry(r.Tag, r.Name)
	case *Copy:
		w.entry(r.FromTag, r.FromName)
		w.entry(r.Tag, r.Name)
	case *AddPart:
		w.upload(r.Tag, r.Name, r.Upload, r.Part.Number)
	case *CopyPart:
		w.entry(r.FromTag, r.FromName)
		w.upload(r.Tag, r.Name, r.Upload, r.Part.Number)
	case *Complete:
		w.entry(r.Tag, r.Name)
		w.upload(r.Tag, r.Name, r.Upload)
		for _, part := range r.Parts {
			w.upload(r.Tag, r.Name, r.Upload, part.Number)
		}
	case *Abort:
		w.upload(r.Tag, r.Name, r.Upload)
	}
}

// ahead reads what a segment's records ask for, so that replaying them finds
// it in memory until release is called.
func (s *State) ahead(ctx context.Context, seg *Segment) (release func(), err error) {
	if s.tags.base == nil && s.uploads.base == nil {
		return func() {}, nil
	}
	w := wants{map[string][]string{}, map[string][]string{}}
	for _, tx := range seg.Txs {
		for _, r := range tx.Records {
			w.record(r)
		}
	}
	var kept releases
	nodes := throttle(s.nodes)
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() error { return fetchBelow(ctx, nodes, &s.tags, w.entries, tagKey, entriesOf, &kept) })
	all.Go(func() error { return fetchBelow(ctx, nodes, &s.uploads, w.uploads, uploadsKey, partsOf, &kept) })
	if err := all.Wait(); err != nil {
		kept.all()
		return nil, err
	}
	return kept.all, nil
}

func uploadsKey(key string) string            { return key }
func entriesOf(t *tag) *Map[*Entry]           { return &t.entries }
func partsOf(u *OpenUpload) *Map[*uploadPart] { return &u.parts }

// releases collects what ends the keeping of values.
type releases struct {
	mu  sync.Mutex
	fns []func() // guarded by mu
}

func (r *releases) add(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fns = append(r.fns, f)
}

func (r *releases) all() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.fns {
		f()
	}
}

// fetchBelow fetches values of m, and below them what keys of the map inside
// each hold. wanted has those by what keyOf turns into a key of m.
func fetchBelow[V, W comparable](ctx context.Context, nodes Nodes, m *Map[V], wanted map[string][]string, keyOf func(string) string, inner func(V) *Map[W], kept *releases) error {
	keys := make([]string, 0, len(wanted))
	for k := range wanted {
		keys = append(keys, keyOf(k))
	}
	release, err := m.fetch(ctx, nodes, keys)
	if err != nil {
		return err
	}
	kept.add(release)
	all, ctx := errgroup.WithContext(ctx)
	for k, below := range wanted {
		all.Go(func() error {
			v, err := m.get(ctx, nodes, keyOf(k))
			var none V
			if err != nil || v == none {
				return err
			}
			release, err := inner(v).fetch(ctx, nodes, below)
			kept.add(release)
			return err
		})
	}
	return all.Wait()
}
