package backend_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"aetherfs/backend"
	"aetherfs/backend/treetest"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/kv"
	"aetherfs/internal/store"
)

// house is a backend with all that is below it.
type house struct {
	t     testing.TB
	st    store.Store
	cache *kv.DB    // stays when the house is reopened
	date  time.Time // the store's, if it is known
	bytes *dedupe.Engine
	names *catalog.Catalog
}

// open builds the floors on h.st.
func (h *house) open() backend.Tree {
	h.t.Helper()
	tree, err := h.start()
	if err != nil {
		h.t.Fatal(err)
	}
	return tree
}

func (h *house) start() (backend.Tree, error) {
	var err error
	if h.bytes, err = dedupe.Open(dedupe.Options{Store: h.st, KV: h.cache, Segment: catalog.SegmentKey}); err != nil {
		return nil, err
	}
	h.names, err = catalog.Open(context.Background(), catalog.Options{Store: h.st, Embedder: h.bytes, Rand: rand.Reader, Now: time.Now, Date: h.date})
	if err != nil {
		h.bytes.Close()
		return nil, err
	}
	return backend.New(h.names, h.bytes), nil
}

func (h *house) close() {
	h.t.Helper()
	if err := h.names.Close(context.Background()); err != nil {
		h.t.Error(err)
	}
	if err := h.bytes.Close(); err != nil {
		h.t.Error(err)
	}
}

func (h *house) reopen() backend.Tree {
	h.close()
	return h.open()
}

func inMemory(t testing.TB) (backend.Tree, func() backend.Tree) {
	h := &house{t: t, st: store.NewMemory(), cache: kv.Memory()}
	tree := h.open()
	t.Cleanup(func() {
		h.close()
		if err := h.cache.Close(); err != nil {
			t.Error(err)
		}
	})
	return tree, h.reopen
}

func TestTree(t *testing.T) { treetest.Run(t, inMemory) }
