package dedupe_test

import (
	"testing"

	"aetherfs/dedupe"
	"aetherfs/internal/store"
)

// A long file is read from a distant store in few round trips: the window
// doubles with each until what is under way fills the network, and trailers
// come ahead of what they describe.
func TestRoundTripsOfALongColdRead(t *testing.T) {
	const mostTrips = 12 // one by one, requests of 4 MiB and 8 trailers would take 40
	memory := store.NewMemory()
	data := noise(1, 128<<20)
	recipe := put(t, engine(t, dedupe.Options{Store: memory}), scope, data).Recipe
	bubble(t, memory, func(t *testing.T, e *dedupe.Engine, s *store.FaultyStore) {
		trips, requests := cost(s, func() { check(t, e, recipe, data) })
		if trips > mostTrips {
			t.Errorf("%d round trips, %d requests, want at most %d round trips", trips, requests, mostTrips)
		}
		t.Logf("%d round trips, %d requests", trips, requests)
	})
}
