package backend_test

import (
	"bytes"
	"errors"
	"testing"

	"aetherfs/backend"
	"aetherfs/internal/store"
)

// TestReadOnly: where the store takes no writes, files can be read, and every
// write says that and nothing else.
func TestReadOnly(t *testing.T) {
	st := store.NewMemory()
	h := &house{t: t, st: st}
	tree := h.open()
	if err := tree.CreateDataset(t.Context(), "bench"); err != nil {
		t.Fatal(err)
	}
	if err := put(t.Context(), tree, "v1/a", bytes.NewReader([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	h.close()
	h = &house{t: t, st: store.ReadOnly(st)}
	tree = h.open()
	defer h.close()
	if _, err := tree.Stat(t.Context(), backend.Path{Dataset: "bench", Tag: "v1", Name: "a"}); err != nil {
		t.Errorf("stat = %v", err)
	}
	for what, err := range map[string]error{
		"put a small file": put(t.Context(), tree, "v1/b", bytes.NewReader([]byte("y"))),
		"put a large file": put(t.Context(), tree, "v1/c", bytes.NewReader(fresh(t, 1<<20))),
		"create a dataset": tree.CreateDataset(t.Context(), "other"),
	} {
		if !errors.Is(err, backend.ErrReadOnly) || errors.Is(err, backend.ErrUnavailable) {
			t.Errorf("%s = %v, want ErrReadOnly alone", what, err)
		}
	}
}
