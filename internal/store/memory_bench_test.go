package store_test

import (
	"fmt"
	"testing"

	"aetherfs/internal/store"
)

func BenchmarkMemoryList100k(b *testing.B) {
	m := store.NewMemory()
	for i := range 100_000 {
		key := fmt.Sprintf("blocks/%02x/%d", i%256, i)
		if _, err := m.Put(b.Context(), key, nil, store.Cond{}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		n := 0
		for _, err := range m.List(b.Context(), "", "") {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 100_000 {
			b.Fatalf("%d objects listed", n)
		}
	}
}
