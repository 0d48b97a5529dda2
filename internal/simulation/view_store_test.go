package simulation

import (
	"testing"

	"aetherfs/internal/store"
	"aetherfs/internal/store/storetest"
)

// TestView: in fair weather a view is a store like any other.
func TestView(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		b := newBucket(1, weather{}, nil)
		t.Cleanup(b.landing.Wait)
		return newView(b, "view")
	})
}
