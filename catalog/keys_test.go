package catalog_test

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/catalog"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// TestKeysAreShared: two catalogs of a store know the same keys, once they have
// looked, and so does one that is opened later.
func TestKeysAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		here, there := open(t, st), open(t, st)
		k := manifest.Key{Access: "AAAA", Sealed: []byte("sealed"), Note: "laptop"}
		if err := here.CreateKey(t.Context(), k); err != nil {
			t.Fatal(err)
		}
		if err := there.CreateKey(t.Context(), k); !errors.Is(err, manifest.ErrExists) {
			t.Errorf("made again: %v, want ErrExists", err)
		}
		created := time.Now().UnixMilli()
		if err := there.SyncHub(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]*catalog.Catalog{"here": here, "there": there, "later": open(t, st)} {
			got := c.Key("AAAA")
			if got == nil || !bytes.Equal(got.Sealed, k.Sealed) || got.Note != k.Note || got.Created != created {
				t.Errorf("%s: key %+v", name, got)
			}
			for listed := range c.Keys() {
				if listed != got {
					t.Errorf("%s: %+v is listed", name, listed)
				}
			}
		}
		if err := there.DeleteKey(t.Context(), "AAAA"); err != nil {
			t.Fatal(err)
		}
		if err := here.DeleteKey(t.Context(), "AAAA"); !errors.Is(err, manifest.ErrNoKey) {
			t.Errorf("deleted again: %v, want ErrNoKey", err)
		}
		for name, c := range map[string]*catalog.Catalog{"here": here, "there": there, "later": open(t, st)} {
			if got := c.Key("AAAA"); got != nil {
				t.Errorf("%s: deleted key %+v", name, got)
			}
		}
	})
}
