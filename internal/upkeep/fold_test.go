package upkeep_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"aetherfs/backend"
	"aetherfs/internal/store"
)

// TestFold: what was put before and after a fold is there, through the gateway
// that folded, through another and from an empty disk, and after what was
// folded has made way.
func TestFold(t *testing.T) {
	for _, exclusive := range []bool{true, false} {
		t.Run(fmt.Sprintf("exclusive=%v", exclusive), func(t *testing.T) {
			st := store.NewMemory()
			a := open(t, st, exclusive)
			a.create(t, "set")
			want := map[string][]byte{}
			put := func(key string, n int) {
				want[key] = noise(n)
				a.mustPut(t, "set", key, want[key])
			}
			for i := range 300 {
				put(fmt.Sprintf("v1/file-%03d", i), 10+i)
			}
			put("v1/large", 3<<20)
			put("root", 77)
			if err := a.keep.Fold(t.Context(), "set"); err != nil {
				t.Fatal(err)
			}
			a.check(t, "set", want)
			for i := range 50 {
				put(fmt.Sprintf("v1/file-%03d", i*7), 100)
				put(fmt.Sprintf("v2/file-%03d", i), 100)
			}
			a.check(t, "set", want)
			open(t, st, exclusive).check(t, "set", want)
			a.keep.Retire(t.Context())
			if err := a.keep.Fold(t.Context(), "set"); err != nil {
				t.Fatal(err)
			}
			a.keep.Retire(t.Context())
			t.Logf("objects: %v", objects(t, st))
			a.check(t, "set", want)
			open(t, st, exclusive).check(t, "set", want)
		})
	}
}

// TestObjects: of many small files no more than one object for a thousand is
// left, fences aside.
func TestObjects(t *testing.T) {
	const files, clients = 20_000, 64
	st := store.NewMemory()
	g := open(t, st, false)
	g.create(t, "set")
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			for i := c; i < files; i += clients {
				if err := g.put(t.Context(), "set", fmt.Sprintf("v1/%05d", i), noise(1024)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	before := objects(t, st)
	if err := g.keep.Fold(t.Context(), "set"); err != nil {
		t.Fatal(err)
	}
	g.keep.Retire(t.Context())
	after := objects(t, st)
	n := 0
	for kind, k := range after {
		if kind != "fences" {
			n += k
		}
	}
	t.Logf("before %v, after %v", before, after)
	if n > files/1000 {
		t.Errorf("%d objects for %d files", n, files)
	}
}

// TestOtherGateway: a gateway sees what another has written and folded as soon as
// that is acknowledged, and a file that it has open stays readable when the
// segments that it lies in are gone.
func TestOtherGateway(t *testing.T) {
	st := store.NewMemory()
	a, b := open(t, st, false), open(t, st, false)
	a.create(t, "set")
	want := map[string][]byte{}
	for i := range 40 {
		key := fmt.Sprintf("v1/%d", i)
		want[key] = noise(500)
		a.mustPut(t, "set", key, want[key])
		if got, err := b.get(t.Context(), "set", key); err != nil || !bytes.Equal(got, want[key]) {
			t.Fatalf("the other gateway reads %d bytes of %s, %v", len(got), key, err)
		}
	}
	f, err := open(t, st, false).tree.Open(t.Context(), at("set", "v1/7"))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.keep.Fold(t.Context(), "set"); err != nil {
		t.Fatal(err)
	}
	a.keep.Retire(t.Context())
	if n := objects(t, st); n["fences"] < 40 {
		t.Errorf("objects %v: no fences", n)
	}
	got := make([]byte, 500)
	if _, err := f.ReadAt(got, 0); err != nil || !bytes.Equal(got, want["v1/7"]) {
		t.Errorf("a file that was open before the fold: %v", err)
	}
	b.check(t, "set", want)
	if err := b.tree.RemoveDataset(t.Context(), "set"); err == nil {
		t.Error("a dataset with files was removed")
	}
	for key := range want {
		tx, err := b.tree.Begin(t.Context(), "set")
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Remove(t.Context(), at("set", key), backend.Cond{}); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	a.check(t, "set", nil)
}

// TestStale: a transaction that shares chunks of segments which are folded
// before it commits is committed all the same.
func TestStale(t *testing.T) {
	st := store.NewMemory()
	g := open(t, st, false)
	g.create(t, "set")
	data := noise(50 << 10)
	g.mustPut(t, "set", "v1/a", data)
	tx, err := g.tree.Begin(t.Context(), "set")
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Put(t.Context(), at("set", "v1/b"), bytes.NewReader(data), backend.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := g.keep.Fold(t.Context(), "set"); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{"v1/a": data, "v1/b": data}
	g.check(t, "set", want)
	open(t, st, false).check(t, "set", want)
}
