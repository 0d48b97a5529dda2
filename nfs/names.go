package nfs

import (
	"context"
	"fmt"

	"golang.org/x/sync/singleflight"

	"aetherfs/backend"
)

// Names keeps which name a hash stands for. It is a cache: it may forget
// anything at any time, and together with it the mark that a pass was made, and
// may have no room for more. It may be used by many goroutines.
type Names interface {
	// Name returns what was remembered under a hash, if it still is.
	Name(h Hash) (string, bool)

	// Remember keeps names, each under its hash, or none of them. Those that are
	// kept are found when it returns.
	Remember(names []Named)
}

// Named is a name with the hash under which it is kept.
type Named struct {
	Hash Hash
	Name string
}

// recentNames are in memory, some 10 MiB: those of a directory that is being
// walked need not be asked for again.
const recentNames = 1 << 16

// finder finds the name behind a handle.
type finder struct {
	tree     backend.Reader
	names    Names
	exported func(dataset string) bool
	life     context.Context // of passes
	recent   *recent[Hash, string]
	passes   singleflight.Group // by the mark of the tag
}

// name returns the name behind a handle: errStale if there is none, or it is
// not exported.
func (f *finder) name(ctx context.Context, h handle) (string, error) {
	name, ok := f.known(h.path)
	if !ok {
		var err error
		if name, err = f.search(ctx, h); err != nil {
			return "", err
		}
	}
	if dataset, _ := backend.SplitName(name); dataset != "" && !f.exported(dataset) {
		return "", errStale
	}
	return name, nil
}

// known returns what is remembered. The cache is trusted no further than its
// hashes.
func (f *finder) known(h Hash) (string, bool) {
	if h == HashOf("") {
		return "", true
	}
	if name, ok := f.recent.get(h); ok {
		return name, true
	}
	name, ok := f.names.Name(h)
	if !ok || HashOf(name) != h {
		return "", false
	}
	return f.recent.put(h, name), true
}

// remember keeps names that clients are told of. Those that were told lately
// are kept already.
func (f *finder) remember(names ...string) {
	var fresh []Named
	for _, name := range names {
		h := HashOf(name)
		if _, ok := f.recent.get(h); !ok {
			fresh = append(fresh, Named{h, name})
		}
	}
	if len(fresh) == 0 {
		return
	}
	f.names.Remember(fresh)
	for _, n := range fresh {
		f.recent.put(n.Hash, n.Name)
	}
}

// search finds a name by a pass over the handle's tag: errStale if there is
// none. Those who need the same tag share a pass, and where its names are kept
// it is the last until the dataset changes.
func (f *finder) search(ctx context.Context, h handle) (string, error) {
	key := fmt.Sprintf("%x/%x", h.dataset, h.tag)
	for {
		own := false
		found, err, _ := f.passes.Do(key, func() (any, error) {
			own = true
			return f.pass(ctx, key, h)
		})
		if err != nil {
			return "", stale(err)
		}
		if own && found != "" {
			return found.(string), nil
		}
		if name, ok := f.known(h.path); ok {
			return name, nil
		}
		if own {
			return "", errStale
		}
		if err := ctx.Err(); err != nil {
			return "", err // what another was looking for may be all that is left of its pass
		}
	}
}

// pass remembers all names of a handle's tag, unless that has been done since
// the dataset has changed, and returns the handle's if it comes across it.
func (f *finder) pass(ctx context.Context, key string, h handle) (string, error) {
	dataset, err := f.dataset(ctx, h.dataset)
	if err != nil || dataset == "" {
		return "", err
	}
	n, err := f.tree.Node(ctx, dataset)
	if err != nil {
		return "", err
	}
	// A mark is kept as a name is, under one that no name can have.
	mark, done := HashOf("\x00pass "+key), n.Changed.String()
	if last, ok := f.names.Name(mark); ok && last == done {
		return "", nil
	}
	p := &pass{finder: f, dataset: dataset, want: h}
	if err := p.run(f.life); err != nil {
		return "", err
	}
	if !p.lost {
		f.names.Remember([]Named{{mark, done}})
	}
	return p.found, nil
}

// dataset returns the exported dataset of that hash, and remembers it, or "".
func (f *finder) dataset(ctx context.Context, hash uint64) (string, error) {
	for d, err := range f.tree.Datasets(ctx) {
		if err != nil {
			return "", err
		}
		if short(d.Name) == hash && f.exported(d.Name) {
			f.remember(d.Name)
			return d.Name, nil
		}
	}
	return "", nil
}
