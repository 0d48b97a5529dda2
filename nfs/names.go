package nfs

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/singleflight"

	"aetherfs/backend"
)

// Names keeps which name a hash stands for. It is a cache: it may forget
// anything at any time, and together with it the mark that a pass was made. It
// may be used by many goroutines.
type Names interface {
	// Name returns what was remembered under a hash, if it still is.
	Name(h Hash) (string, bool)

	// Remember keeps names, each under its hash. They are found when it returns.
	Remember(names []Named)
}

// Named is a name with the hash under which it is kept.
type Named struct {
	Hash Hash
	Name string
}

const (
	// recentNames are in memory, some 10 MiB: those of a directory that is being
	// walked need not be asked for again.
	recentNames = 1 << 16

	// passBatch is how many names a pass hands over at once.
	passBatch = 1 << 10
)

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
		if err := f.search(ctx, h); err != nil {
			return "", err
		}
		if name, ok = f.known(h.path); !ok {
			return "", errStale
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

// search remembers all names of a handle's tag, unless it has done so since the
// dataset has changed. Those who need the same tag share a pass.
func (f *finder) search(ctx context.Context, h handle) error {
	key := fmt.Sprintf("%x/%x", h.dataset, h.tag)
	_, err, _ := f.passes.Do(key, func() (any, error) {
		dataset, err := f.dataset(ctx, h.dataset)
		if err != nil || dataset == "" {
			return nil, err
		}
		n, err := f.tree.Node(ctx, dataset)
		if err != nil {
			return nil, err
		}
		// A mark is kept as a name is, under one that no name can have.
		mark, done := HashOf("\x00pass "+key), n.Changed.String()
		if last, ok := f.names.Name(mark); ok && last == done {
			return nil, nil
		}
		if err := f.pass(f.life, dataset, h.tag); err != nil {
			return nil, err
		}
		f.names.Remember([]Named{{mark, done}})
		return nil, nil
	})
	return stale(err)
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

// pass remembers the tag of that hash, and all that is below it.
func (f *finder) pass(ctx context.Context, dataset string, hash uint64) error {
	for n, err := range f.tree.ReadDir(ctx, dataset, "") {
		if err != nil {
			return err
		}
		if short(n.Base()) == hash {
			f.remember(n.Name)
			return f.below(ctx, dataset, n.Base())
		}
	}
	return nil
}

func (f *finder) below(ctx context.Context, dataset, tag string) error {
	batch := make([]string, 0, passBatch)
	last := tag + "/"
	for x, err := range f.tree.List(ctx, dataset, backend.Query{Prefix: last}) {
		if err != nil {
			return err
		}
		key := x.Path.Key()
		if !backend.Shown(key) {
			continue
		}
		if len(batch)+strings.Count(key, "/") >= cap(batch) {
			f.remember(batch...)
			batch = batch[:0]
		}
		batch = appendNames(batch, dataset, key, shared(last, key))
		last = key
	}
	f.remember(batch...)
	return nil
}

// shared is how many bytes two keys have in common at their beginning.
func shared(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// appendNames appends the name of a key, and those of the directories above it
// whose '/' is not within its first known bytes.
func appendNames(names []string, dataset, key string, known int) []string {
	for i := known; i < len(key); i++ {
		if key[i] == '/' {
			names = append(names, dataset+"/"+key[:i])
		}
	}
	if strings.HasSuffix(key, "/") {
		return names
	}
	return append(names, dataset+"/"+key)
}
