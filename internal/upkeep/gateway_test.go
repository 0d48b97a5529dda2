package upkeep_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"strings"
	"testing"
	"time"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/store"
	"aetherfs/internal/upkeep"
)

// gateway is a whole gateway on a store, with empty caches.
type gateway struct {
	names *catalog.Catalog
	bytes *dedupe.Engine
	tree  *backend.Backend
	keep  *upkeep.Keeper
}

func open(t testing.TB, st store.Store, exclusive bool) *gateway {
	t.Helper()
	g := &gateway{}
	var err error
	g.bytes, err = dedupe.Open(dedupe.Options{Store: st, Segment: catalog.SegmentKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.bytes.Close() })
	g.names, err = catalog.Open(t.Context(), catalog.Options{Store: st, Embedder: g.bytes, Rand: rand.Reader, Now: time.Now, Exclusive: exclusive})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.names.Close(context.Background()) })
	g.tree = backend.New(g.names, g.bytes)
	g.keep = upkeep.New(upkeep.Options{Names: g.names, Bytes: g.bytes, RetireAfter: time.Nanosecond})
	return g
}

func at(dataset, key string) backend.Path {
	tag, name, ok := strings.Cut(key, "/")
	if !ok {
		tag, name = "", key
	}
	return backend.Path{Dataset: dataset, Tag: tag, Name: name}
}

func (g *gateway) create(t *testing.T, dataset string) {
	t.Helper()
	if err := g.tree.CreateDataset(t.Context(), dataset); err != nil {
		t.Fatal(err)
	}
}

func (g *gateway) put(ctx context.Context, dataset, key string, data []byte) error {
	tx, err := g.tree.Begin(ctx, dataset)
	if err != nil {
		return err
	}
	defer tx.Close()
	if err := tx.Put(ctx, at(dataset, key), bytes.NewReader(data), backend.PutOptions{}); err != nil {
		return err
	}
	_, err = tx.Commit(ctx)
	return err
}

func (g *gateway) mustPut(t *testing.T, dataset, key string, data []byte) {
	t.Helper()
	if err := g.put(t.Context(), dataset, key, data); err != nil {
		t.Fatal(err)
	}
}

func (g *gateway) get(ctx context.Context, dataset, key string) ([]byte, error) {
	f, err := g.tree.Open(ctx, at(dataset, key))
	if err != nil {
		return nil, err
	}
	r := f.Stream(0, f.Info.Size)
	defer r.Close()
	return io.ReadAll(r)
}

// check compares a dataset with what it has to hold.
func (g *gateway) check(t *testing.T, dataset string, want map[string][]byte) {
	t.Helper()
	n := 0
	for i, err := range g.tree.List(t.Context(), dataset, backend.Query{}) {
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		n++
		key := i.Path.Key()
		data, ok := want[key]
		if !ok {
			t.Errorf("%s is there and was never put", key)
			continue
		}
		if got, err := g.get(t.Context(), dataset, key); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes, %v; want %d", key, len(got), err, len(data))
		}
	}
	if n != len(want) {
		t.Errorf("%d files, want %d", n, len(want))
	}
}

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// objects counts the objects of a store by what they are.
func objects(t *testing.T, st store.Store) map[string]int {
	t.Helper()
	count := map[string]int{}
	for info, err := range st.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		kind := "other"
		for _, k := range []string{"log", "checkpoints", "nodes", "blocks"} {
			if strings.Contains(info.Key, "/"+k+"/") {
				kind = k
			}
		}
		if kind == "log" && info.Size < 150 {
			kind = "fences"
		}
		count[kind]++
	}
	return count
}
