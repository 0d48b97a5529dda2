package dedupe_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/dedupe"
	"aetherfs/internal/store"
)

// roundTrip is how long a distant store takes for a request.
const roundTrip = 50 * time.Millisecond

// distant returns s with every request taking a round trip, of a bubble's
// clock.
func distant(s store.Store) *store.FaultyStore {
	return store.Faulty(s, func(store.Call) store.Fault {
		return store.Fault{Kind: store.FaultSlow, Delay: roundTrip}
	})
}

// cost returns how many round trips f takes, and how many requests.
func cost(s *store.FaultyStore, f func()) (trips, requests int) {
	start, before := time.Now(), s.Calls(store.OpGet)+s.Calls(store.OpPut)
	f()
	return int(time.Since(start) / roundTrip), s.Calls(store.OpGet) + s.Calls(store.OpPut) - before
}

// bubble runs f in a bubble, with an engine on a distant store that is closed
// in it.
func bubble(t *testing.T, s store.Store, f func(t *testing.T, e *dedupe.Engine, s *store.FaultyStore)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		far := distant(s)
		f(t, engine(t, dedupe.Options{Store: far}), far)
	})
}

func TestEngineInABubble(t *testing.T) {
	memory := store.NewMemory()
	bubble(t, memory, func(t *testing.T, e *dedupe.Engine, s *store.FaultyStore) {
		files := small(t, e, s, rand.New(rand.NewPCG(1, 2)), 3)
		large := noise(1, 20<<20)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { check(t, e, put(t, e, scope, large).Recipe, large) })
		}
		wg.Wait()
		for _, f := range moved(t, e, files) {
			check(t, e, f.recipe, f.data)
		}
		e.ForgetFolded(scope.Dataset, 3)
	})
}

// What a read costs, with nothing on this machine.
func TestRoundTripsOfAColdRead(t *testing.T) {
	memory := store.NewMemory()
	warm := engine(t, dedupe.Options{Store: memory})
	files := small(t, warm, memory, rand.New(rand.NewPCG(1, 2)), 1)
	folded := moved(t, warm, files)
	large := file{data: noise(1, 3<<20)}
	large.recipe = put(t, warm, scope, large.data).Recipe
	start := file{large.data[:100], large.recipe.Slice(0, 100)}
	for _, c := range []struct {
		name            string
		file            file
		trips, requests int
	}{
		{"embedded", files[0], 1, 2},
		{"of a block", folded[0], 1, 2},
		{"beginning of a long extent", start, 2, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, memory, func(t *testing.T, e *dedupe.Engine, s *store.FaultyStore) {
				read := func() {
					got, err := readAll(e, c.file.recipe)
					if err != nil || !bytes.Equal(got, c.file.data) {
						t.Errorf("read %d bytes, %v", len(got), err)
					}
				}
				if trips, requests := cost(s, read); trips != c.trips || requests != c.requests {
					t.Errorf("cold: %d round trips and %d requests, want %d and %d", trips, requests, c.trips, c.requests)
				}
				if trips, requests := cost(s, read); trips+requests != 0 {
					t.Errorf("again: %d round trips and %d requests", trips, requests)
				}
			})
		})
	}
}

// Readers of the same bytes, and a Prefetch before them, make the requests of
// one.
func TestReadersShareRequests(t *testing.T) {
	memory := store.NewMemory()
	warm := engine(t, dedupe.Options{Store: memory})
	folded := moved(t, warm, small(t, warm, memory, rand.New(rand.NewPCG(1, 2)), 1))
	long := file{data: noise(1, 1<<20)}
	long.recipe = put(t, warm, scope, long.data).Recipe
	for _, f := range []file{folded[0], long} {
		var alone int
		bubble(t, memory, func(t *testing.T, e *dedupe.Engine, s *store.FaultyStore) {
			_, alone = cost(s, func() { check(t, e, f.recipe, f.data) })
		})
		for _, delay := range []time.Duration{0, roundTrip / 2, roundTrip, 3 * roundTrip} {
			bubble(t, memory, func(t *testing.T, e *dedupe.Engine, s *store.FaultyStore) {
				_, shared := cost(s, func() {
					r := e.Open(t.Context(), scope.Pool, f.recipe)
					r.Prefetch(r.Size())
					time.Sleep(delay)
					var readers sync.WaitGroup
					for range 10 {
						readers.Go(func() { check(t, e, f.recipe, f.data) })
					}
					readers.Wait()
				})
				if shared != alone {
					t.Errorf("%d bytes, readers %v after the prefetch: %d requests, alone %d", len(f.data), delay, shared, alone)
				}
			})
		}
	}
}

// A reader that goes away takes nothing from the others that wait for its
// request.
func TestCancelledReadHurtsNobodyElse(t *testing.T) {
	memory := store.NewMemory()
	f := file{data: noise(1, 1<<20)}
	f.recipe = put(t, engine(t, dedupe.Options{Store: memory}), scope, f.data).Recipe
	bubble(t, memory, func(t *testing.T, e *dedupe.Engine, _ *store.FaultyStore) {
		ctx, cancel := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		readers.Go(func() {
			_, err := e.Open(ctx, scope.Pool, f.recipe).ReadAt(make([]byte, 10), 0)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("read of one that went away: %v", err)
			}
		})
		synctest.Wait()
		readers.Go(func() { check(t, e, f.recipe, f.data) })
		synctest.Wait()
		cancel()
		readers.Wait()
	})
}

// A Prefetch ends with its reader's context and with the engine.
func TestPrefetchEnds(t *testing.T) {
	memory := store.NewMemory()
	data := noise(1, 8<<20)
	recipe := put(t, engine(t, dedupe.Options{Store: memory}), scope, data).Recipe
	bubble(t, memory, func(t *testing.T, e *dedupe.Engine, s *store.FaultyStore) {
		ctx, cancel := context.WithCancel(t.Context())
		for range 1000 { // more than are begun
			e.Open(ctx, scope.Pool, recipe).Prefetch(8 << 20)
		}
		cancel()
		e.Open(t.Context(), scope.Pool, recipe).Prefetch(8 << 20)
		e.Open(t.Context(), scope.Pool, nil).Prefetch(1)
		if trips, _ := cost(s, func() { _ = e.Close() }); trips > 1 {
			t.Errorf("Close took %d round trips", trips)
		}
		e.Open(t.Context(), scope.Pool, recipe).Prefetch(8 << 20)
	})
}

// A reader whose context ends lets go of what it waits for.
func TestReadIsCancelledWhileItWaits(t *testing.T) {
	memory := store.NewMemory()
	recipe := put(t, engine(t, dedupe.Options{Store: memory}), scope, noise(1, 1<<20)).Recipe
	bubble(t, memory, func(t *testing.T, e *dedupe.Engine, _ *store.FaultyStore) {
		first := e.Open(t.Context(), scope.Pool, recipe).Stream(0, 1<<20)
		defer first.Close()
		done := make(chan struct{})
		go func() { defer close(done); _, _ = io.Copy(io.Discard, first) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), roundTrip/5)
		defer cancel()
		if _, err := e.Open(ctx, scope.Pool, recipe).ReadAt(make([]byte, 1), 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("read: %v", err)
		}
		<-done
	})
}

// A Move reads several segments at once, each with one request, and uploads its
// blocks side by side.
func TestRoundTripsOfAMove(t *testing.T) {
	memory := store.NewMemory()
	files := embedSlots(t, engine(t, dedupe.Options{Store: memory}), memory, 64)
	bubble(t, memory, func(t *testing.T, e *dedupe.Engine, s *store.FaultyStore) {
		learn(t, e, memory)
		trips, requests := cost(s, func() { moved(t, e, files) })
		if trips > 64/16+1 || requests != 64+1 {
			t.Errorf("%d round trips, %d requests", trips, requests)
		}
	})
}
