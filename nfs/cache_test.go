package nfs_test

import (
	"context"
	"iter"
	"sync"
	"testing"

	gonfs "github.com/willscott/go-nfs"

	"aetherfs/backend"
	"aetherfs/nfs"
)

// full is names that keeps nothing, as on a disk without room.
type full struct{}

func (full) Name(nfs.Hash) (string, bool) { return "", false }
func (full) Remember([]nfs.Named)         {}

// A cache without room makes handles dear, not stale: of more names than are
// in memory, each is found when it is asked for, also by many at a time.
func TestCacheWithoutRoom(t *testing.T) {
	const n = 70_000 // more than are in memory
	tree := listed{flat{n: n}}
	old := serve(t, tree).dial()
	dir := old.mount("/" + dataset + "/v1")
	handles := map[string][]byte{}
	for _, i := range []int{0, 1, 2, n / 2, n - 1} {
		_, handles[tree.name(i)], _ = old.lookup(dir, tree.name(i))
	}
	s := serve(t, tree, func(o *nfs.Options) { o.Names = full{} })
	var asking sync.WaitGroup
	for name, h := range handles {
		c := s.dial()
		asking.Go(func() {
			if status, _ := c.getattr(h); status != gonfs.NFSStatusOk {
				t.Errorf("%s by its handle: %v", name, status)
			}
		})
	}
	asking.Wait()
}

// forgetful is names that loses all it was told before the nth time.
type forgetful struct {
	memoryNames
	told, n int
}

func (f *forgetful) Remember(names []nfs.Named) {
	if f.told++; f.told == f.n {
		f.mu.Lock()
		f.all = nil
		f.mu.Unlock()
	}
	f.memoryNames.Remember(names)
}

// A pass whose names were lost while it was made does not count as one.
func TestCacheLostDuringAPass(t *testing.T) {
	const n = 70_000 // more than are in memory
	tree := listed{flat{n: n}}
	old := serve(t, tree).dial()
	dir := old.mount("/" + dataset + "/v1")
	_, first, _ := old.lookup(dir, tree.name(0))
	_, last, _ := old.lookup(dir, tree.name(n-1))
	c := serve(t, tree, func(o *nfs.Options) { o.Names = &forgetful{n: 20} }).dial()
	for what, h := range map[string][]byte{"the last": last, "the first": first} {
		if status, _ := c.getattr(h); status != gonfs.NFSStatusOk {
			t.Errorf("%s name by its handle: %v", what, status)
		}
	}
}

// listed is flat, as a pass sees it.
type listed struct{ flat }

func (l listed) Datasets(context.Context) iter.Seq2[backend.DatasetInfo, error] {
	return func(yield func(backend.DatasetInfo, error) bool) { yield(backend.DatasetInfo{Name: dataset}, nil) }
}

func (l listed) ReadDir(ctx context.Context, name, after string) iter.Seq2[backend.Node, error] {
	if name != dataset {
		return l.flat.ReadDir(ctx, name, after)
	}
	return func(yield func(backend.Node, error) bool) { yield(backend.Node{Name: dataset + "/v1", Dir: true}, nil) }
}

func (l listed) List(context.Context, string, backend.Query) iter.Seq2[backend.Info, error] {
	return func(yield func(backend.Info, error) bool) {
		for i := 0; i < l.n && yield(l.node(i).Info, nil); i++ {
			continue
		}
	}
}
