package dedupe_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"

	"pgregory.net/rapid"
)

// small makes files that are embedded in segments from slot 1 on, a few files
// each, with chunks in common. Each file has its recipe.
func small(t testing.TB, e *dedupe.Engine, s store.Store, rnd *rand.Rand, segments int) []file {
	t.Helper()
	var files []file
	for slot := range segments {
		var stored []*dedupe.Stored
		var data [][]byte
		for range 1 + rnd.IntN(12) {
			d := text(rnd.Uint64N(40), 1+rnd.IntN(100<<10))
			if rnd.IntN(3) == 0 {
				d = noise(rnd.Uint64N(40), 1+rnd.IntN(3<<10))
			}
			st := put(t, e, scope, d)
			stored, data = append(stored, &st), append(data, d)
		}
		if !slices.ContainsFunc(stored, func(st *dedupe.Stored) bool { return len(st.Small) > 0 }) {
			continue
		}
		segment(t, e, s, uint64(slot+1), stored...)
		for i, st := range stored {
			files = append(files, file{data[i], st.Recipe})
		}
	}
	return files
}

// pieces cuts files and puts them together, as copies of ranges do.
func pieces(rnd *rand.Rand, files []file) []file {
	out := slices.Clone(files)
	for range len(files) {
		var f file
		for range 1 + rnd.IntN(3) {
			from := files[rnd.IntN(len(files))]
			off := rnd.IntN(len(from.data))
			n := 1 + rnd.IntN(len(from.data)-off)
			f.data = append(f.data, from.data[off:off+n]...)
			f.recipe = append(f.recipe, from.recipe.Slice(int64(off), int64(n))...)
		}
		out = append(out, f)
	}
	rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func recipes(files []file) []manifest.Recipe {
	var out []manifest.Recipe
	for _, f := range files {
		out = append(out, f.recipe)
	}
	return out
}

// moved moves the files and returns them with their new recipes.
func moved(t testing.TB, e *dedupe.Engine, files []file) []file {
	t.Helper()
	m, err := e.Move(context.Background(), scope, slices.Values(recipes(files)))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]file, len(files))
	for i, f := range files {
		r, err := m.Recipe(f.recipe)
		if err != nil {
			t.Fatal(err)
		}
		if n := slices.IndexFunc(r, func(x manifest.Extent) bool { return x.Block.Embedded() }); n >= 0 {
			t.Fatalf("file %d: extent %d is still embedded", i, n)
		}
		out[i] = file{f.data, r}
	}
	return out
}

// engineOf returns an engine that is closed when this run of a property ends.
func engineOf(t *rapid.T, o dedupe.Options) *dedupe.Engine {
	e, err := dedupe.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// Whatever is moved, by the gateway that wrote it or by another, reads as
// before once the segments have gone; every extent is what its block says; and
// moving it again stores nothing.
func TestMove(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 8))
		s := store.NewMemory()
		o := dedupe.Options{Store: s, Segment: segmentKey, Verify: dedupe.Verify(rnd.IntN(2))}
		e := engineOf(rt, o)
		large := file{data: noise(99, 300<<10)}
		large.recipe = put(t, e, scope, large.data).Recipe
		files := pieces(rnd, append(small(t, e, s, rnd, 1+rnd.IntN(6)), large))
		mover := e
		switch rnd.IntN(3) {
		case 0:
			mover = engineOf(rt, o)
		case 1:
			e.ForgetFolded(scope.Dataset, rnd.Uint64N(8))
		}
		after := moved(t, mover, files)
		blocks := objects(t, s, "pools/")
		moved(t, mover, files)
		if again := objects(t, s, "pools/"); len(again) != len(blocks) {
			t.Fatalf("moved again: %d blocks, before %d", len(again), len(blocks))
		}
		for _, key := range objects(t, s, "datasets/") {
			if err := s.Delete(context.Background(), key); err != nil {
				t.Fatal(err)
			}
		}
		reader := engineOf(rt, o)
		for i, f := range after {
			if got, err := readAll(reader, f.recipe); err != nil || !bytes.Equal(got, f.data) {
				rt.Fatalf("file %d: read %d of %d bytes, %v", i, len(got), len(f.data), err)
			}
		}
		for b, extents := range byBlock(after) {
			if err := reader.Check(context.Background(), scope.Pool, b, extents, true); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

// byBlock sorts the extents of files by their blocks.
func byBlock(files []file) map[*manifest.Block][]manifest.Extent {
	names := map[manifest.Digest]*manifest.Block{}
	out := map[*manifest.Block][]manifest.Extent{}
	for _, f := range files {
		for _, x := range f.recipe {
			if names[x.Block.Name] == nil {
				names[x.Block.Name] = x.Block
			}
			b := names[x.Block.Name]
			out[b] = append(out[b], x)
		}
	}
	return out
}

// What was not moved has no new recipe.
func TestRecipeOfWhatWasNotMoved(t *testing.T) {
	s := store.NewMemory()
	e := engine(t, dedupe.Options{Store: s})
	files := small(t, e, s, rand.New(rand.NewPCG(1, 1)), 2)
	long := slices.IndexFunc(files, func(f file) bool { return len(f.data) > 90<<10 })
	first := manifest.Recipe(files[long].recipe[:1]).Slice(0, 1)
	m, err := e.Move(context.Background(), scope, slices.Values([]manifest.Recipe{first}))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := m.Recipe(first); err != nil || r.Len() != 1 {
		t.Errorf("Recipe of what was moved = %v, %v", r, err)
	}
	for _, r := range []manifest.Recipe{files[long].recipe, files[len(files)-1].recipe, {{Count: 1, Len: 1}}} {
		if _, err := m.Recipe(r); err == nil {
			t.Errorf("Recipe(%+v): no error", r)
		}
	}
	if _, err := e.Move(context.Background(), scope, slices.Values([]manifest.Recipe{{{Count: 1, Len: 1}}})); err == nil {
		t.Error("small data without a block was moved")
	}
}

// Files that continue each other in the block are one extent when they are put
// together.
func TestMovedExtentsAreMerged(t *testing.T) {
	s := store.NewMemory()
	e := engine(t, dedupe.Options{Store: s})
	var all file
	for slot := range 5 {
		data := noise(uint64(slot), 60<<10)
		st := put(t, e, scope, data)
		segment(t, e, s, uint64(slot+1), &st)
		for _, half := range []manifest.Recipe{st.Recipe.Slice(0, 1000), st.Recipe.Slice(1000, st.Size-1000)} {
			all.recipe = append(all.recipe, half...)
		}
		all.data = append(all.data, data...)
	}
	after := moved(t, e, []file{all})[0]
	if len(after.recipe) != 1 {
		t.Errorf("%d extents, want 1: %+v", len(after.recipe), after.recipe)
	}
	check(t, e, after.recipe, all.data)
}

// A client that stores at the same time shares no block with the mover.
func TestMoveHasBlocksOfItsOwn(t *testing.T) {
	memory := store.NewMemory()
	g := newGated(memory)
	e := engine(t, dedupe.Options{Store: g})
	close(g.gate)
	files := small(t, e, memory, rand.New(rand.NewPCG(3, 3)), 4)
	pr, pw := io.Pipe()
	client := async(t, e, scope, pr)
	if _, err := pw.Write(noise(1000, 900<<10)); err != nil {
		t.Fatal(err)
	}
	after := moved(t, e, files)
	if blocks := objects(t, memory, "pools/"); len(blocks) != 1 {
		t.Errorf("%d blocks, want the mover's alone", len(blocks))
	}
	pw.Close()
	client()
	for _, f := range after {
		check(t, e, f.recipe, f.data)
	}
}

// Every fault at every store call of a Move makes it fail cleanly or changes
// nothing, and the next one works.
func TestMoveThroughFaults(t *testing.T) {
	kinds := []store.FaultKind{store.FaultBefore, store.FaultAfter, store.FaultLate, store.FaultShort, store.FaultFlip}
	memory := store.NewMemory()
	files := small(t, engine(t, dedupe.Options{Store: memory}), memory, rand.New(rand.NewPCG(4, 4)), 4)
	for _, forever := range []bool{false, true} {
		for _, kind := range kinds[:few(len(kinds))] {
			for n := 1; ; n++ {
				on := true
				fault := store.Fault{Kind: kind, Err: store.ErrInjected, Calls: 2, Bit: uint64(n) * 7919}
				s := store.Faulty(memory, func(c store.Call) store.Fault {
					if on && (c.N == n || forever && c.N > n) {
						return fault
					}
					return store.Fault{}
				})
				e := engine(t, dedupe.Options{Store: s})
				_, err := e.Move(context.Background(), scope, slices.Values(recipes(files)))
				if err != nil && !errors.Is(err, dedupe.ErrUnavailable) && !errors.Is(err, dedupe.ErrCorrupt) {
					t.Fatalf("fault %v at call %d: %v", kind, n, err)
				}
				calls := s.Calls(store.OpGet) + s.Calls(store.OpPut)
				on = false
				s.Settle()
				for _, f := range moved(t, e, files) {
					if got, err := readAll(e, f.recipe); err != nil || !bytes.Equal(got, f.data) {
						t.Fatalf("fault %v at call %d: read %d of %d bytes, %v", kind, n, len(got), len(f.data), err)
					}
				}
				if calls < n {
					break
				}
			}
		}
	}
}

// Files of 1 KiB, each in a segment of its own or five hundred in one, become a
// handful of blocks.
func BenchmarkMove(b *testing.B) {
	const n = 20_000
	for _, each := range []int{1, 500} {
		b.Run(fmt.Sprintf("%d files a segment", each), func(b *testing.B) {
			memory := store.NewMemory()
			e := engine(b, dedupe.Options{Store: memory})
			var all []manifest.Recipe
			for slot := range n / each {
				var stored []*dedupe.Stored
				for i := range each {
					st := put(b, e, scope, noise(uint64(slot*each+i), 1<<10))
					stored = append(stored, &st)
				}
				segment(b, e, memory, uint64(slot+1), stored...)
				for _, st := range stored {
					all = append(all, st.Recipe)
				}
			}
			b.ReportAllocs()
			var gets, puts int
			for b.Loop() {
				s := store.Faulty(memory, store.NoFaults)
				other := engine(b, dedupe.Options{Store: s})
				learn(b, other, memory)
				if _, err := other.Move(context.Background(), scope, slices.Values(all)); err != nil {
					b.Fatal(err)
				}
				gets, puts = s.Calls(store.OpGet), s.Calls(store.OpPut)
			}
			b.ReportMetric(float64(gets), "gets")
			b.ReportMetric(float64(puts), "puts")
		})
	}
}
