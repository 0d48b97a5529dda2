package dedupe_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// checkAll checks the blocks of files.
func checkAll(e *dedupe.Engine, files []file, readData bool) error {
	for b, extents := range byBlock(files) {
		if err := e.Check(context.Background(), scope.Pool, b, extents, readData); err != nil {
			return err
		}
	}
	return nil
}

// Whatever byte of a block is damaged, Check finds it: at its ends without
// reading the data, in between with it. It changes nothing.
func TestCheckFindsDamage(t *testing.T) {
	memory := store.NewMemory()
	e := engine(t, dedupe.Options{Store: memory})
	f := file{data: text(1, 600<<10)}
	f.recipe = put(t, e, scope, f.data).Recipe
	embedded := small(t, e, memory, rand.New(rand.NewPCG(1, 2)), 1)
	for _, files := range [][]file{{f}, embedded} {
		b := files[0].recipe[0].Block
		key := objects(t, memory, "pools/")[0]
		if b.Embedded() {
			key = segmentKey(scope.Dataset, b.Slot)
		}
		data, _, err := memory.Get(context.Background(), key, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		for _, readData := range []bool{false, true} {
			if err := checkAll(e, files, readData); err != nil {
				t.Fatalf("sound block: %v", err)
			}
		}
		size := int(b.Size)
		for i := 0; i < size; i += 1 + size/500 {
			rewrite(t, memory, key, func(p []byte) []byte { p[int(b.Base)+i] ^= 4; return p })
			ends := i < 8 || i >= size-int(b.Trailer)-12
			if err := checkAll(e, files, false); ends && !errors.Is(err, dedupe.ErrCorrupt) || !ends && err != nil {
				t.Errorf("byte %d of %d flipped, without data: %v", i, size, err)
			}
			if err := checkAll(e, files, true); !errors.Is(err, dedupe.ErrCorrupt) {
				t.Errorf("byte %d of %d flipped: %v", i, size, err)
			}
			rewrite(t, memory, key, func([]byte) []byte { return data })
		}
		for name, damage := range map[string]func([]byte) []byte{
			"missing": func([]byte) []byte { return nil },
			"empty":   func([]byte) []byte { return []byte{} },
			"cut":     func(p []byte) []byte { return p[:len(p)-1] },
			"longer":  func(p []byte) []byte { return append(p, 0) },
			"fence":   func([]byte) []byte { return make([]byte, 100) },
		} {
			rewrite(t, memory, key, damage)
			// What follows the block in a segment is not the block's.
			if err := checkAll(e, files, false); !errors.Is(err, dedupe.ErrCorrupt) && !(b.Embedded() && name == "longer") {
				t.Errorf("%s: %v", name, err)
			}
			if err := memory.Delete(context.Background(), key); err != nil {
				t.Fatal(err)
			}
			if _, err := memory.Put(context.Background(), key, data, store.Cond{}); err != nil {
				t.Fatal(err)
			}
		}
		if st := put(t, e, scope, files[0].data); st.NewBytes != 0 || e.Stats().Dropped != 0 {
			t.Errorf("Check dropped %d blocks; %d bytes stored again", e.Stats().Dropped, st.NewBytes)
		}
	}
}

// Extents that do not fit the block are damage.
func TestCheckComparesExtents(t *testing.T) {
	s := store.NewMemory()
	e := engine(t, dedupe.Options{Store: s})
	x := put(t, e, scope, text(1, 600<<10)).Recipe[0]
	embedded := small(t, e, s, rand.New(rand.NewPCG(1, 2)), 1)[0].recipe[0]
	for _, x := range []manifest.Extent{x, embedded} {
		for i, change := range []func(x *manifest.Extent){
			func(x *manifest.Extent) { x.First++ },
			func(x *manifest.Extent) { x.Count += 1 << 20 },
			func(x *manifest.Extent) { x.Count = 0 },
			func(x *manifest.Extent) { x.First = 1 << 31 },
			func(x *manifest.Extent) { x.Len++ },
			func(x *manifest.Extent) { x.Len = 0 },
			func(x *manifest.Extent) { x.Skip++ },
			func(x *manifest.Extent) { x.Skip = -1 },
			func(x *manifest.Extent) { x.Off-- },
			func(x *manifest.Extent) { x.Stored++ },
			func(x *manifest.Extent) { b := *x.Block; b.Size++; x.Block = &b },
			func(x *manifest.Extent) { b := *x.Block; b.Trailer--; x.Block = &b },
			func(x *manifest.Extent) { b := *x.Block; b.Name[0]++; x.Block = &b },
			func(x *manifest.Extent) {
				b := *x.Block
				b.Dataset, b.Slot, b.Frames = scope.Dataset, 1, append(b.Frames, manifest.Frame{Count: 1})
				x.Block = &b
			},
		} {
			bad := x
			change(&bad)
			if err := e.Check(context.Background(), scope.Pool, bad.Block, []manifest.Extent{bad}, false); !errors.Is(err, dedupe.ErrCorrupt) {
				t.Errorf("change %d of %+v: %v", i, x, err)
			}
		}
	}
}

// A request of Check that fails is an error, damaged bytes are found if a second
// look shows them too, and nothing else happens.
func TestCheckThroughFaults(t *testing.T) {
	memory := store.NewMemory()
	f := file{data: noise(1, 10<<20)}
	f.recipe = put(t, engine(t, dedupe.Options{Store: memory}), scope, f.data).Recipe
	for _, c := range []struct {
		kind   store.FaultKind
		passes bool
		want   error
	}{
		{store.FaultBefore, true, dedupe.ErrUnavailable}, {store.FaultAfter, true, dedupe.ErrUnavailable},
		{store.FaultShort, true, nil}, {store.FaultFlip, true, nil},
		{store.FaultShort, false, dedupe.ErrCorrupt}, {store.FaultFlip, false, dedupe.ErrCorrupt},
	} {
		for n := 1; ; n++ {
			fault, over := store.Fault{Kind: c.kind, Bit: uint64(n) * 7919}, false
			s := store.Faulty(memory, func(call store.Call) store.Fault {
				if over || call.OpN < n || call.OpN > n && c.passes {
					return store.Fault{}
				}
				return fault
			})
			e := engine(t, dedupe.Options{Store: s})
			err := checkAll(e, []file{f}, true)
			if s.Calls(store.OpGet) < n {
				break
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%+v at request %d: %v", c, n, err)
			}
			over = true
			if err := checkAll(e, []file{f}, true); err != nil {
				t.Errorf("after %+v at request %d: %v", c, n, err)
			}
		}
	}
}

// A damaged answer to any request is asked for again: the file is read and moved
// as if nothing had been, and its block is still named.
func TestDamagedAnswers(t *testing.T) {
	memory := store.NewMemory()
	e := engine(t, dedupe.Options{Store: memory})
	large := file{data: noise(1, 600<<10)}
	large.recipe = put(t, e, scope, large.data).Recipe
	embedded := small(t, e, memory, rand.New(rand.NewPCG(1, 2)), 1)
	for _, kind := range []store.FaultKind{store.FaultShort, store.FaultFlip} {
		for n := 1; ; n++ {
			s := store.Faulty(memory, store.FaultAt(store.OpGet, n, store.Fault{Kind: kind, Bit: uint64(n) * 7919}))
			e := engine(t, dedupe.Options{Store: s})
			check(t, e, large.recipe, large.data)
			moved(t, e, embedded)
			if s.Calls(store.OpGet) < n {
				break
			}
			if dropped := e.Stats().Dropped; dropped > 0 {
				t.Errorf("fault %v at request %d dropped %d blocks", kind, n, dropped)
			}
		}
	}
}
