package dedupe_test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"testing"
	"time"

	"aetherfs/dedupe"
	"aetherfs/internal/store"
)

// shrunk are n bytes that are stored in next to nothing, though no part of them
// is like another.
func shrunk(n int) []byte {
	data := make([]byte, n)
	for at := 0; at < n; at += 8 << 10 {
		copy(data[at:], noise(uint64(at), 8))
	}
	return data
}

// TestColdReadOfShrunkBytes: what is stored in a few KiB, and would come with one
// request, is not unpacked in one piece however long it is.
func TestColdReadOfShrunkBytes(t *testing.T) {
	const most = 8 << 20 / (256 << 10) // frames: the first window and some
	s := store.NewMemory()
	data := shrunk(64 << 20)
	st := put(t, engine(t, dedupe.Options{Store: s}), scope, data)
	if st.Added > 256<<10 {
		t.Fatalf("%d bytes are stored, want few", st.Added)
	}
	e := engine(t, dedupe.Options{Store: s, WorkBytes: little})
	body := e.Open(t.Context(), scope.Pool, st.Recipe).Stream(0, int64(len(data)))
	if _, err := io.ReadFull(body, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if err := body.Close(); err != nil {
		t.Fatal(err)
	}
	if n := e.Stats().FrameMisses; n > most {
		t.Errorf("%d frames were unpacked for the first byte, want at most %d", n, most)
	}
	nothingHeld(t, e)
	check(t, engine(t, dedupe.Options{Store: s}), st.Recipe, data)
}

// TestColdReadOfAnExtentOverItsTrailer: a recipe that claims that frames lie in
// the trailer's place does not have its reader wait for itself.
func TestColdReadOfAnExtentOverItsTrailer(t *testing.T) {
	s := store.NewMemory()
	data := noise(1, 150<<10)
	recipe := slices.Clone(put(t, engine(t, dedupe.Options{Store: s}), scope, data).Recipe)
	recipe[0].Stored = recipe[0].Block.Size - recipe[0].Off
	e := engine(t, dedupe.Options{Store: s})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got := make([]byte, len(data))
	if _, err := e.Open(ctx, scope.Pool, recipe).ReadAt(got, 0); err != nil || !bytes.Equal(got, data) {
		t.Errorf("read: %v", err)
	}
}

// TestReadsCountPooledMemory: a read takes what its buffers are long, which is
// more than their bytes, and no more: what was stored as it is comes to where it
// stays.
func TestReadsCountPooledMemory(t *testing.T) {
	const frame, buffer = 140 << 10, 256 << 10 // bytes
	for _, verify := range []dedupe.Verify{dedupe.ByDigest, dedupe.ByCRC} {
		e := engine(t, dedupe.Options{Store: store.NewMemory(), Verify: verify})
		recipe := put(t, e, scope, noise(1, frame)).Recipe
		body := e.Open(t.Context(), scope.Pool, recipe).Stream(0, frame)
		if _, err := io.ReadFull(body, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if got := e.Stats().Reads.Used; got != buffer {
			t.Errorf("a read of a frame of %d bytes holds %d, want %d", frame, got, buffer)
		}
		if err := body.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
