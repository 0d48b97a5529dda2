package dirstore_test

import (
	"testing"

	"aetherfs/internal/store"
	"aetherfs/internal/store/dirstore"
	"aetherfs/internal/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, t.TempDir()) })
}

// open opens the store in dir for the length of the test.
func open(tb testing.TB, dir string) *dirstore.Store {
	tb.Helper()
	s, err := dirstore.Open(dir, dirstore.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("Close = %v", err)
		}
	})
	return s
}
