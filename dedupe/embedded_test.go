package dedupe_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// front stands in a segment before its embedded block.
const front = "records of the segment"

// segment embeds the small data of stored streams in a segment of scope's
// dataset, as the log does, and resolves their recipes.
func segment(t testing.TB, e *dedupe.Engine, s store.Store, slot uint64, stored ...*dedupe.Stored) {
	t.Helper()
	var chunks []manifest.Chunk
	for _, st := range stored {
		for i := range st.Recipe {
			if st.Recipe[i].Block == nil {
				st.Recipe[i].First += uint32(len(chunks))
			}
		}
		chunks = append(chunks, st.Small...)
	}
	block, err := e.Pack(chunks)
	if err != nil {
		t.Fatal(err)
	}
	key := segmentKey(scope.Dataset, slot)
	if _, err := s.Put(context.Background(), key, append([]byte(front), block...), store.Cond{IfAbsent: true}); err != nil {
		t.Fatal(err)
	}
	b, err := e.Learn(scope.Dataset, slot, int64(len(front)), block)
	if err != nil {
		t.Fatal(err)
	}
	for _, st := range stored {
		for i := range st.Recipe {
			if x := &st.Recipe[i]; x.Block == nil {
				x.Block = b
				x.Off, x.Stored = span(b, x.First, x.First+x.Count)
			}
		}
	}
}

// span returns where the frames of chunks from first up to end are.
func span(b *manifest.Block, first, end uint32) (off, n int64) {
	for _, f := range b.Frames {
		if f.First < end && first < f.First+f.Count {
			if n == 0 {
				off = f.Off
			}
			n = f.Off + f.Stored - off
		}
	}
	return off, n
}

// learn teaches e all segments of scope's dataset, as replay does.
func learn(t testing.TB, e *dedupe.Engine, s store.Store) {
	t.Helper()
	for i, key := range objects(t, s, "datasets/") {
		data, _, err := s.Get(context.Background(), key, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Learn(scope.Dataset, uint64(i+1), int64(len(front)), data[len(front):]); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSmallDataIsTheCallers(t *testing.T) {
	s := store.NewMemory()
	e := engine(t, dedupe.Options{Store: s})
	hello, long := []byte("hello"), text(1, 100<<10)
	a, b, c := put(t, e, scope, hello), put(t, e, scope, long), put(t, e, scope, nil)
	if len(a.Small) != 1 || !bytes.Equal(a.Small[0].Data, hello) || len(b.Small) < 2 || a.Added+b.Added != 0 {
		t.Fatalf("small data: %d and %d chunks, %d bytes added", len(a.Small), len(b.Small), a.Added+b.Added)
	}
	if len(c.Recipe) != 0 || len(c.Small) != 0 {
		t.Errorf("an empty stream has recipe %v", c.Recipe)
	}
	for info, err := range s.List(context.Background(), "", "") {
		t.Errorf("store holds %s, %v", info.Key, err)
	}
	segment(t, e, s, 7, &a, &b)
	check(t, e, a.Recipe, hello)
	check(t, e, b.Recipe, long)
}

// docs/design/0001: embedded chunks are found by their dataset only.
func TestEmbeddedChunksAreFoundByTheirDatasetOnly(t *testing.T) {
	s := store.NewMemory()
	e := engine(t, dedupe.Options{Store: s})
	data := text(1, 100<<10)
	first := put(t, e, scope, data)
	segment(t, e, s, 3, &first)

	again := put(t, e, scope, data)
	if again.NewBytes != 0 || len(again.Recipe) != 1 || again.Recipe[0].Block != first.Recipe[0].Block {
		t.Errorf("the same again in its dataset: %d new bytes, recipe %+v", again.NewBytes, again.Recipe)
	}
	check(t, e, again.Recipe, data)

	other := scope
	other.Dataset = manifest.ID{2}
	if st := put(t, e, other, data); st.NewBytes != int64(len(data)) {
		t.Errorf("in another dataset: %d new bytes, want all %d", st.NewBytes, len(data))
	}

	e.Forget(scope.Dataset)
	if st := put(t, e, scope, data); st.NewBytes != int64(len(data)) {
		t.Errorf("after Forget: %d new bytes, want all %d", st.NewBytes, len(data))
	}
	check(t, e, first.Recipe, data)
}

func TestLearnAgainReturnsTheSame(t *testing.T) {
	e := engine(t, dedupe.Options{Store: store.NewMemory()})
	st := put(t, e, scope, []byte("hello"))
	block, err := e.Pack(st.Small)
	if err != nil {
		t.Fatal(err)
	}
	a, err := e.Learn(scope.Dataset, 1, 10, block)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := e.Learn(scope.Dataset, 1, 10, block); b != a || err != nil {
		t.Errorf("Learn again = %p, %v, want %p", b, err, a)
	}
	if len(a.Frames) != 1 || a.Frames[0].Plain != 5 || a.Size != int64(len(block)) {
		t.Errorf("block %+v", a)
	}
	for i := range block {
		bad := bytes.Clone(block)
		bad[i] ^= 1
		if _, err := e.Learn(scope.Dataset, 2, 10, bad); err == nil {
			// The nonce and the digests name the block; a segment's own digest
			// covers them.
			if b, _ := e.Learn(scope.Dataset, 2, 10, bad); b.Name == a.Name {
				t.Errorf("byte %d flipped: learned as the same block", i)
			}
		} else if !errors.Is(err, dedupe.ErrCorrupt) {
			t.Errorf("byte %d flipped: %v", i, err)
		}
	}
}

// A damaged segment is noticed, and its small data stored again when it comes
// again.
func TestDamagedSegment(t *testing.T) {
	for _, damage := range []func([]byte) []byte{
		func([]byte) []byte { return nil },
		func(b []byte) []byte { return b[:40] },
		func(b []byte) []byte { b[60] ^= 1; return b },
	} {
		s := store.NewMemory()
		e := engine(t, dedupe.Options{Store: s, CacheBytes: 1})
		data := text(1, 100<<10)
		st := put(t, e, scope, data)
		segment(t, e, s, 3, &st)
		rewrite(t, s, segmentKey(scope.Dataset, 3), damage)
		if _, err := e.Open(context.Background(), scope.Pool, st.Recipe).ReadAt(make([]byte, len(data)), 0); !errors.Is(err, dedupe.ErrCorrupt) {
			t.Errorf("read of a damaged segment: %v", err)
		}
		again := put(t, e, scope, data)
		if again.NewBytes != int64(len(data)) {
			t.Errorf("sent again: %d new bytes, want all %d", again.NewBytes, len(data))
		}
		segment(t, e, s, 4, &again)
		check(t, e, again.Recipe, data)
	}
}
