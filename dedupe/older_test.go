package dedupe_test

import (
	"testing"

	"aetherfs/dedupe"
	"aetherfs/internal/kv"
	"aetherfs/internal/store"
)

// storedBefore returns a store that holds data, and the cache of the engine
// that stored it and was closed.
func storedBefore(t *testing.T, data []byte) (*store.Memory, *kv.DB) {
	t.Helper()
	s, db := store.NewMemory(), kv.Memory()
	t.Cleanup(func() { db.Close() })
	e, err := dedupe.Open(dedupe.Options{Store: s, KV: db})
	if err != nil {
		t.Fatal(err)
	}
	put(t, e, scope, data)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return s, db
}

// TestOlderStore: a cache that knows blocks which the store has lost since, as
// after it was put back to an older copy, makes no file of them.
func TestOlderStore(t *testing.T) {
	data := noise(3, 3<<20)
	s, db := storedBefore(t, data)
	for _, key := range objects(t, s, "pools/") {
		if err := s.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	later := engine(t, dedupe.Options{Store: s, KV: db})
	stored := put(t, later, scope, data)
	if stored.NewBytes != int64(len(data)) {
		t.Errorf("%d of %d bytes were stored again", stored.NewBytes, len(data))
	}
	check(t, engine(t, dedupe.Options{Store: s}), stored.Recipe, data)
}

// TestSameStore: a cache that knows what the store has saves storing it again,
// for one request a block.
func TestSameStore(t *testing.T) {
	data := noise(4, 40<<20)
	s, db := storedBefore(t, data)
	counted := store.Faulty(s, store.NoFaults)
	later := engine(t, dedupe.Options{Store: counted, KV: db})
	if stored := put(t, later, scope, data); stored.NewBytes != 0 {
		t.Errorf("%d bytes were stored again", stored.NewBytes)
	}
	if blocks := len(objects(t, s, "pools/")); counted.Calls(store.OpGet) != blocks || counted.Calls(store.OpPut) != 0 {
		t.Errorf("%d reads and %d writes for %d blocks", counted.Calls(store.OpGet), counted.Calls(store.OpPut), blocks)
	}
}
