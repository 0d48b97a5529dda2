package upkeep_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"aetherfs/backend"
	"aetherfs/internal/store"

	"golang.org/x/sync/errgroup"
)

// TestCatchUp: a new version of a dataset, put through a gateway with an empty
// disk that has caught up, adds about what it adds through the one that has
// stored the version before: in segments and blocks when it is put, and in
// blocks when it is folded.
func TestCatchUp(t *testing.T) {
	const most = 1.5 // times what it adds through a warm gateway
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	v1 := release(rng)
	v2 := edited(rng, v1)
	for _, c := range []struct {
		name   string
		folded float64 // share of the files that are folded before the rest is put
	}{{"tail", 0}, {"folded", 1}, {"folded and a tail", 0.7}} {
		t.Run(c.name, func(t *testing.T) {
			st := store.NewMemory()
			warm := open(t, st, false)
			warm.create(t, "set")
			names := slices.Sorted(maps.Keys(v1))
			cut := int(c.folded * float64(len(names)))
			warm.putAll(t, "v1", v1, names[:cut])
			if cut > 0 {
				warm.fold(t)
			}
			warm.putAll(t, "v1", v1, names[cut:])

			other := clone(t, st)
			cold := open(t, other, false)
			cold.catchUp(t)
			warmHas, coldHas, moved := volume(t, st), volume(t, other), foldedVolume(t, clone(t, st))
			if cut > 0 && moved == 0 {
				t.Fatal("nothing was folded")
			}
			names = slices.Sorted(maps.Keys(v2))
			warm.putAll(t, "v2", v2, names)
			cold.putAll(t, "v2", v2, names)
			warmAdds, coldAdds := volume(t, st)-warmHas, volume(t, other)-coldHas
			t.Logf("%d bytes more by the warm gateway, %d by the other: %.2f times", warmAdds, coldAdds, float64(coldAdds)/float64(warmAdds))
			if float64(coldAdds) > most*float64(warmAdds) {
				t.Errorf("a gateway that has caught up adds %d bytes, a warm one %d", coldAdds, warmAdds)
			}

			warm.fold(t)
			cold.fold(t)
			warmAdds, coldAdds = blockVolume(t, st)-moved, blockVolume(t, other)-moved
			t.Logf("folded: %d bytes more in blocks, %d by the other: %.2f times", warmAdds, coldAdds, float64(coldAdds)/float64(warmAdds))
			if float64(coldAdds) > most*float64(warmAdds) {
				t.Errorf("folded, a gateway that has caught up adds %d bytes, a warm one %d", coldAdds, warmAdds)
			}
			want := map[string][]byte{"hello": []byte("hello")}
			for name, data := range v1 {
				want["v1/"+name] = data
			}
			for name, data := range v2 {
				want["v2/"+name] = data
			}
			cold.check(t, "set", want)
		})
	}
}

// release is the files of a version: small ones, and here and there one that
// goes into a block at once.
func release(rng *rand.Rand) map[string][]byte {
	files := map[string][]byte{}
	for i := range 3000 {
		n := 1 + rng.IntN(16<<10)
		if i%100 == 0 {
			n = 200<<10 + rng.IntN(400<<10)
		}
		files[fmt.Sprintf("folder %d/file %d", rng.IntN(100), i)] = random(rng, n)
	}
	return files
}

// edited is the next version: one file in ten has some bytes inserted, a few
// are gone and a few are new.
func edited(rng *rand.Rand, files map[string][]byte) map[string][]byte {
	next := maps.Clone(files)
	for i, name := range slices.Sorted(maps.Keys(files)) {
		switch rng.IntN(50) {
		case 0:
			delete(next, name)
		case 1:
			next[fmt.Sprint("new ", i)] = random(rng, 1+rng.IntN(16<<10))
		case 2, 3, 4, 5, 6:
			at := rng.IntN(len(files[name]))
			next[name] = slices.Insert(slices.Clone(files[name]), at, random(rng, 10)...)
		}
	}
	return next
}

func random(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// catchUp does what a gateway does before it shares chunks: a first file is
// put, and what that sets off is awaited.
func (g *gateway) catchUp(t *testing.T) {
	t.Helper()
	g.mustPut(t, "set", "hello", []byte("hello"))
	g.keep.FoldDue(t.Context())
	if err := g.bytes.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (g *gateway) fold(t *testing.T) {
	t.Helper()
	if err := g.keep.Fold(t.Context(), "set"); err != nil {
		t.Fatal(err)
	}
}

// putAll puts files into a tag, by several clients and some in a transaction.
func (g *gateway) putAll(t *testing.T, tag string, files map[string][]byte, names []string) {
	t.Helper()
	clients, ctx := errgroup.WithContext(t.Context())
	clients.SetLimit(8)
	for group := range slices.Chunk(names, 20) {
		clients.Go(func() error { return g.putGroup(ctx, tag, files, group) })
	}
	if err := clients.Wait(); err != nil {
		t.Fatal(err)
	}
}

func (g *gateway) putGroup(ctx context.Context, tag string, files map[string][]byte, names []string) error {
	tx, err := g.tree.Begin(ctx, "set")
	if err != nil {
		return err
	}
	defer tx.Close()
	for _, name := range names {
		if err := tx.Put(ctx, at("set", tag+"/"+name), bytes.NewReader(files[name]), backend.PutOptions{}); err != nil {
			return err
		}
	}
	_, err = tx.Commit(ctx)
	return err
}

// clone copies a store.
func clone(t *testing.T, st store.Store) store.Store {
	t.Helper()
	c := store.NewMemory()
	for info, err := range st.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		data, _, err := st.Get(t.Context(), info.Key, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Put(t.Context(), info.Key, data, store.Cond{}); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// volume is the bytes in segments and blocks; blockVolume, in blocks.
func volume(t *testing.T, st store.Store) int64      { return volumeOf(t, st, "/log/", "/blocks/") }
func blockVolume(t *testing.T, st store.Store) int64 { return volumeOf(t, st, "/blocks/") }

func volumeOf(t *testing.T, st store.Store, kinds ...string) int64 {
	t.Helper()
	var n int64
	for info, err := range st.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(kinds, func(kind string) bool { return strings.Contains(info.Key, kind) }) {
			n += info.Size
		}
	}
	return n
}

// foldedVolume is what a store has in blocks once it is folded.
func foldedVolume(t *testing.T, st store.Store) int64 {
	t.Helper()
	open(t, st, false).fold(t)
	return blockVolume(t, st)
}
