package dirstore

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"

	"aetherfs/internal/store"
)

// List implements store.Store. It holds one folder's entries in memory for each
// level it is down, and reads only folders that may hold what it looks for.
func (s *Store) List(ctx context.Context, prefix, after string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if err := s.enter(ctx); err != nil {
			yield(store.Info{}, fmt.Errorf("list %s: %w", prefix, err))
			return
		}
		defer s.running.Done()
		w := &walk{s: s, ctx: ctx, prefix: prefix, after: after, yield: yield}
		if _, err := w.folder(w.start()); err != nil {
			yield(store.Info{}, fmt.Errorf("list %s: %w", prefix, err))
		}
	}
}

// walk is one List.
type walk struct {
	s             *Store
	ctx           context.Context
	prefix, after string
	yield         func(store.Info, error) bool
}

// start returns the deepest folder that holds every key with the prefix, as
// the beginning of those keys: empty or ending in a slash.
func (w *walk) start() string {
	return w.prefix[:strings.LastIndexByte(w.prefix, '/')+1]
}

// entry is what a folder holds.
type entry struct {
	key  string // of a folder: what its keys begin with, "a/"; so entries sort as their keys do
	stat fs.FileInfo
}

// folder yields the keys of the folder whose keys begin with base. It reports
// whether the caller wants more.
func (w *walk) folder(base string) (more bool, err error) {
	entries, err := w.read(base)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		if err := w.ctx.Err(); err != nil {
			return false, err
		}
		more, err := w.entry(e)
		if err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// entry yields one object, or the objects of one folder, if they are wanted.
func (w *walk) entry(e entry) (more bool, err error) {
	switch {
	case e.stat.IsDir() && w.mayHold(e.key):
		return w.folder(e.key)
	case e.stat.IsDir() || !w.wants(e.key):
		return true, nil
	}
	if err := w.s.settled(e.key); err != nil {
		return false, err
	}
	return w.yield(w.s.info(e.key, e.stat), nil), nil
}

// read returns the objects and folders of a folder in the order of their keys.
func (w *walk) read(base string) ([]entry, error) {
	dir := "."
	if base != "" {
		dir = strings.TrimSuffix(base, "/")
		if store.CheckKey(dir) != nil {
			return nil, nil // no key begins so
		}
	}
	stats, err := w.s.disk.ReadDir(path.Clean(dir))
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entries := make([]entry, 0, len(stats))
	for _, stat := range stats {
		key := base + stat.Name()
		if store.CheckKey(key) != nil || !stat.IsDir() && !stat.Mode().IsRegular() {
			continue // not ours
		}
		if stat.IsDir() {
			key += "/"
		}
		entries = append(entries, entry{key: key, stat: stat})
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.key, b.key) })
	return entries, nil
}

func (w *walk) wants(key string) bool {
	return key > w.after && strings.HasPrefix(key, w.prefix)
}

// mayHold reports whether a key that is wanted may begin with base.
func (w *walk) mayHold(base string) bool {
	wanted := strings.HasPrefix(base, w.prefix) || strings.HasPrefix(w.prefix, base)
	later := base > w.after || strings.HasPrefix(w.after, base)
	return wanted && later
}
