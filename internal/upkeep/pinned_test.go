package upkeep_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"testing"

	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// foldPinned folds a dataset, and puts a file meanwhile that shares the chunks
// of segments that the fold takes in.
func (g *gateway) foldPinned(t *testing.T, dataset, key string, data []byte) {
	t.Helper()
	d, err := g.names.Dataset(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	err = d.Fold(t.Context(), func(ctx context.Context, recipes iter.Seq[manifest.Recipe]) (func(manifest.Recipe) (manifest.Recipe, error), error) {
		g.mustPut(t, dataset, key, data)
		m, err := g.bytes.Move(ctx, dedupe.Scope{Pool: d.Pool, Dataset: d.ID}, recipes)
		if err != nil {
			return nil, err
		}
		return m.Recipe, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !d.Tail().Pinned {
		t.Fatal("nothing is pinned")
	}
}

// TestHalfWayBehindFold: a gateway that has come to a checkpoint, and no
// further, does not retire segments that records behind it name.
func TestHalfWayBehindFold(t *testing.T) {
	const files = 100 // more than a gateway follows without asking for a checkpoint
	st := store.NewMemory()
	var cut atomic.Bool // off from what is behind the checkpoint
	late := store.Faulty(st, func(c store.Call) store.Fault {
		if cut.Load() && strings.HasSuffix(c.Key, fmt.Sprintf("/log/%016x", files+1)) {
			return store.Fault{Kind: store.FaultBefore}
		}
		return store.Fault{}
	})
	a, b := open(t, st, false), open(t, late, false)
	a.create(t, "set")
	d, err := b.names.Dataset(t.Context(), "set")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{}
	for i := range files {
		key := fmt.Sprintf("v1/%d", i)
		want[key] = noise(500)
		a.mustPut(t, "set", key, want[key])
	}
	want["v1/same"] = want["v1/7"]
	a.foldPinned(t, "set", "v1/same", want["v1/same"])
	cut.Store(true)
	if err := d.Sync(t.Context()); err == nil || d.State().N() != files {
		t.Fatalf("the other gateway is at %d, %v; want %d and an error", d.State().N(), err, files)
	}
	b.keep.Retire(t.Context())
	a.check(t, "set", want)
	open(t, st, false).check(t, "set", want)
}

// TestPinnedAndIdle: segments that were kept for records behind a fold make way
// after another fold, though nothing was written meanwhile.
func TestPinnedAndIdle(t *testing.T) {
	st := store.NewMemory()
	g := open(t, st, false)
	g.create(t, "set")
	data := noise(500)
	g.mustPut(t, "set", "v1/a", data)
	g.foldPinned(t, "set", "v1/b", data)
	g.keep.Retire(t.Context())
	if n := objects(t, st)["fences"]; n > 0 {
		t.Errorf("%d fences where segments are needed", n)
	}
	for range 3 {
		g.keep.FoldDue(t.Context())
	}
	g.keep.Retire(t.Context())
	if n := objects(t, st)["fences"]; n == 0 {
		t.Error("no segment has made way")
	}
	if n := g.keep.Stats().Folds; n != 1 {
		t.Errorf("%d folds, want 1", n)
	}
	want := map[string][]byte{"v1/a": data, "v1/b": data}
	g.check(t, "set", want)
	open(t, st, false).check(t, "set", want)
}
