package store_test

import (
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/store"
	"aetherfs/internal/store/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return store.NewMemory() })
}

// TestMemoryClock: an object is as old as the store's clock says, a bubble's
// too.
func TestMemoryClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := store.NewMemory()
		put, err := m.Put(t.Context(), "k", nil, store.Cond{})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		_, got, err := m.Get(t.Context(), "k", store.Range{})
		if err != nil || !got.Modified.Equal(put.Modified) || got.Date.Sub(put.Date) != time.Hour {
			t.Errorf("an hour after Put said %+v Get says %+v, %v", put, got, err)
		}
	})
}
