package dedupe_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/dedupe"
	"aetherfs/internal/kv"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// elsewhere stores data through another gateway and returns its blocks.
func elsewhere(t testing.TB, s store.Store, data []byte) []*manifest.Block {
	t.Helper()
	e := engine(t, dedupe.Options{Store: s})
	st := put(t, e, scope, data)
	var out []*manifest.Block
	for _, x := range st.Recipe {
		if len(out) == 0 || out[len(out)-1] != x.Block {
			out = append(out, x.Block)
		}
	}
	return out
}

func settle(t testing.TB, e *dedupe.Engine) {
	t.Helper()
	if err := e.Settled(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// A gateway dedupes against what others have stored once it has met it, for one
// request a block, and keeps what it has learned.
func TestMeet(t *testing.T) {
	memory := store.NewMemory()
	data := noise(1, 40<<20)
	blocks := elsewhere(t, memory, data)
	db := kv.Memory()
	defer db.Close()
	s := store.Faulty(memory, store.NoFaults)
	e := engine(t, dedupe.Options{Store: s, KV: db})
	e.Meet(scope.Pool, append(blocks, nil, &manifest.Block{Slot: 1}))
	e.Meet(scope.Pool, blocks)
	settle(t, e)
	if got := s.Calls(store.OpGet); got != len(blocks) {
		t.Errorf("%d requests for %d blocks", got, len(blocks))
	}
	if st := e.Stats(); st.Met != int64(len(blocks)) || st.MetFetched != st.Met || st.MetDropped != 0 {
		t.Errorf("met %d, fetched %d, dropped %d of %d blocks", st.Met, st.MetFetched, st.MetDropped, len(blocks))
	}
	if st := put(t, e, scope, data); st.NewBytes != 0 {
		t.Errorf("%d bytes stored again", st.NewBytes)
	}
	if got := s.Calls(store.OpGet); got != len(blocks) {
		t.Errorf("%d requests more to name what was met", got-len(blocks))
	}
	e.Close()

	later := engine(t, dedupe.Options{Store: s, KV: db})
	later.Meet(scope.Pool, blocks)
	settle(t, later)
	if got := s.Calls(store.OpGet); got != len(blocks) || later.Stats().Met != 0 {
		t.Errorf("met again after a restart: %d requests, %d met", got-len(blocks), later.Stats().Met)
	}
}

// What is met in one pool is not named in another.
func TestMeetKeepsPoolsApart(t *testing.T) {
	memory := store.NewMemory()
	data := noise(1, 1<<20)
	blocks := elsewhere(t, memory, data)
	e := engine(t, dedupe.Options{Store: memory})
	e.Meet(scope.Pool, blocks)
	settle(t, e)
	other := scope
	other.Pool = "other"
	if st := put(t, e, other, data); st.ReusedChunks != 0 {
		t.Errorf("%d chunks of another pool were named", st.ReusedChunks)
	}
}

// Four at a time, the newest first; Close ends it.
func TestMeetIsBounded(t *testing.T) {
	memory := store.NewMemory()
	blocks := elsewhere(t, memory, noise(1, 160<<20))
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var asked []string
		s := store.Faulty(memory, func(c store.Call) store.Fault {
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, c.Key)
			return store.Fault{Kind: store.FaultSlow, Delay: roundTrip}
		})
		e := engine(t, dedupe.Options{Store: s})
		e.Meet(scope.Pool, blocks)
		synctest.Wait()
		if got := s.Calls(store.OpGet); got != 4 {
			t.Errorf("%d requests at once, want 4", got)
		}
		time.Sleep(3 * roundTrip / 2)
		synctest.Wait()
		mu.Lock()
		for _, b := range blocks[:len(blocks)-8] {
			for _, key := range asked {
				if strings.HasSuffix(key, b.Name.String()[2:]) {
					t.Errorf("an old block is among the first %d that were asked for", len(asked))
				}
			}
		}
		mu.Unlock()
		ctx, cancel := context.WithTimeout(t.Context(), roundTrip/5)
		defer cancel()
		if err := e.Settled(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("settled too early: %v", err)
		}
		e.Close()
		if err := e.Settled(t.Context()); !errors.Is(err, dedupe.ErrClosed) {
			t.Errorf("Settled after Close: %v", err)
		}
		e.Meet(scope.Pool, blocks)
	})
}

// Blocks that the store will not give are given up after a few tries, and can
// be met again; whatever happens, what is stored afterwards can be read.
func TestMeetThroughFaults(t *testing.T) {
	memory := store.NewMemory()
	data := noise(1, 20<<20)
	blocks := elsewhere(t, memory, data)
	kinds := []store.FaultKind{store.FaultBefore, store.FaultAfter, store.FaultShort, store.FaultFlip}
	for _, kind := range kinds[:few(len(kinds))] {
		for _, forever := range []bool{false, true} {
			for n := 1; n <= len(blocks)+2; n++ {
				synctest.Test(t, func(t *testing.T) {
					on := true
					s := store.Faulty(memory, func(c store.Call) store.Fault {
						if on && (c.N == n || forever && c.N > n) {
							return store.Fault{Kind: kind, Bit: uint64(n) * 7919}
						}
						return store.Fault{Kind: store.FaultSlow, Delay: roundTrip}
					})
					e := engine(t, dedupe.Options{Store: s})
					e.Meet(scope.Pool, blocks)
					settle(t, e)
					st := e.Stats()
					if st.MetFetched+st.MetDropped != st.Met || !forever && kind <= store.FaultAfter && st.MetDropped > 0 {
						t.Errorf("fault %v at %d: met %d, fetched %d, dropped %d", kind, n, st.Met, st.MetFetched, st.MetDropped)
					}
					on = false
					e.Meet(scope.Pool, blocks)
					settle(t, e)
					if st := put(t, e, scope, data); st.NewBytes != 0 {
						t.Errorf("fault %v at %d: %d bytes stored again", kind, n, st.NewBytes)
					}
				})
			}
		}
	}
}

// Waiting blocks are bounded; those met first are let go.
func TestMeetLetsTheOldestGo(t *testing.T) {
	const n = 70_000
	blocks := make([]*manifest.Block, n)
	for i := range blocks {
		blocks[i] = &manifest.Block{Name: manifest.Digest{byte(i), byte(i >> 8), byte(i >> 16)}, Size: 1000, Trailer: 100}
	}
	bubble(t, store.NewMemory(), func(t *testing.T, e *dedupe.Engine, _ *store.FaultyStore) {
		e.Meet(scope.Pool, blocks)
		if st := e.Stats(); st.Met != n || st.MetDropped < n-(64<<10)-4 || st.MetDropped > n-(64<<10) {
			t.Errorf("met %d, dropped %d", st.Met, st.MetDropped)
		}
	})
}
