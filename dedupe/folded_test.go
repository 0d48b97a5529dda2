package dedupe_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"aetherfs/dedupe"
	"aetherfs/internal/store"
)

// embedSlots embeds a file in each of the segments 1 to n.
func embedSlots(t testing.TB, e *dedupe.Engine, s store.Store, n int) []file {
	t.Helper()
	var files []file
	for i := range n {
		data := text(uint64(i+1), 90<<10)
		st := put(t, e, scope, data)
		segment(t, e, s, uint64(i+1), &st)
		files = append(files, file{data, st.Recipe})
	}
	return files
}

func newBytes(t testing.TB, e *dedupe.Engine, f file) bool {
	t.Helper()
	return put(t, e, scope, f.data).NewBytes > 0
}

// A folded chunk is named by no new file, but read by those that name it.
func TestForgetFolded(t *testing.T) {
	s := store.NewMemory()
	e := engine(t, dedupe.Options{Store: s})
	files := embedSlots(t, e, s, 3)
	e.ForgetFolded(scope.Dataset, 2)
	e.ForgetFolded(scope.Dataset, 1) // of no effect
	learn(t, e, s)                   // of the third alone
	for i, want := range []bool{true, true, false} {
		if got := newBytes(t, e, files[i]); got != want {
			t.Errorf("segment %d: stored again %v, want %v", i+1, got, want)
		}
		check(t, e, files[i].recipe, files[i].data)
	}
	e.Forget(scope.Dataset)
	learn(t, e, s) // a dataset that begins anew knows of no fold
	if newBytes(t, e, files[0]) {
		t.Error("segment 1 learned after Forget: stored again")
	}
}

// What is described is read, and named by no new file.
func TestDescribe(t *testing.T) {
	s := store.NewMemory()
	files := embedSlots(t, engine(t, dedupe.Options{Store: s}), s, 1)
	e := engine(t, dedupe.Options{Store: s})
	object, _, err := s.Get(context.Background(), segmentKey(scope.Dataset, 1), store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	block := object[len(front):]
	b, err := e.Describe(scope.Dataset, 1, int64(len(front)), block)
	if err != nil {
		t.Fatal(err)
	}
	if want := files[0].recipe[0].Block; b.Name != want.Name || len(b.Frames) != len(want.Frames) {
		t.Errorf("described as %+v, want %+v", b, want)
	}
	if !newBytes(t, e, files[0]) {
		t.Error("a new file names a described chunk")
	}
	block[len(block)/2] ^= 1
	if _, err := e.Describe(scope.Dataset, 1, int64(len(front)), block); !errors.Is(err, dedupe.ErrCorrupt) {
		t.Errorf("damaged: %v", err)
	}
}

// A segment that has become a fence, or has gone, is an error for who still
// reads it, and of no consequence for anything else.
func TestReadOfAFencedSegment(t *testing.T) {
	for name, fence := range map[string]func([]byte) []byte{
		"fenced": func([]byte) []byte { return noise(9, 130) },
		"gone":   func([]byte) []byte { return nil },
	} {
		for _, folded := range []bool{true, false} {
			s := store.NewMemory()
			writer := engine(t, dedupe.Options{Store: s})
			before := embedSlots(t, writer, s, 2)
			after := moved(t, writer, before)
			e := engine(t, dedupe.Options{Store: s})
			learn(t, e, s)
			if folded {
				e.ForgetFolded(scope.Dataset, 2)
			}
			key := segmentKey(scope.Dataset, 1)
			object, _, err := s.Get(context.Background(), key, store.Range{})
			if err != nil {
				t.Fatal(err)
			}
			rewrite(t, s, key, fence)
			for range 2 {
				if got, err := readAll(e, before[0].recipe); !errors.Is(err, dedupe.ErrCorrupt) || len(got) > 0 {
					t.Errorf("%s: read %d bytes, %v", name, len(got), err)
				}
			}
			for i := range after {
				check(t, e, after[i].recipe, after[i].data)
			}
			check(t, e, before[1].recipe, before[1].data)
			if got := e.Stats().Dropped; folded && got > 0 {
				t.Errorf("%s: %d blocks dropped", name, got)
			}
			if _, err := s.Put(context.Background(), key, object, store.Cond{}); err != nil {
				t.Fatal(err)
			}
			if got, err := readAll(e, before[0].recipe); err != nil || !bytes.Equal(got, before[0].data) {
				t.Errorf("%s, and back: read %d bytes, %v", name, len(got), err)
			}
		}
	}
}
