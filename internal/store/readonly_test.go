package store_test

import (
	"errors"
	"testing"

	"aetherfs/internal/store"
)

func TestReadOnly(t *testing.T) {
	ctx := t.Context()
	m := store.NewMemory()
	if _, err := m.Put(ctx, "k", []byte("v"), store.Cond{}); err != nil {
		t.Fatal(err)
	}
	s := store.ReadOnly(m)
	for _, c := range []store.Cond{{}, {IfAbsent: true}} {
		if _, err := s.Put(ctx, "l", nil, c); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("Put = %v, want ErrReadOnly", err)
		}
	}
	if err := s.Delete(ctx, "k"); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("Delete = %v, want ErrReadOnly", err)
	}
	if got, _, err := s.Get(ctx, "k", store.Range{}); err != nil || string(got) != "v" {
		t.Errorf("Get = %q, %v", got, err)
	}
	n := 0
	for info, err := range s.List(ctx, "", "") {
		if n++; err != nil || info.Key != "k" {
			t.Errorf("List yields %+v, %v", info, err)
		}
	}
	if n != 1 {
		t.Errorf("List yields %d objects, want 1", n)
	}
}
