package journal_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/journal"
	"aetherfs/internal/store"
)

// writeAhead commits n transactions to the log in st, as another gateway would.
func writeAhead(t *testing.T, st store.Store, n int) {
	t.Helper()
	r, err := open(t.Context(), st, 200, bytesOf(200))
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if _, err := r.log.Commit(t.Context(), journal.Tx{Payload: fmt.Append(nil, i), Records: 1}); err != nil {
			t.Fatal(err)
		}
	}
	r.log.Close(t.Context())
}

func (r *replica) length() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.history)
}

// TestSync: what another gateway has written is there after a sync, in few
// round trips; when nothing is new it takes one request.
func TestSync(t *testing.T) {
	for _, c := range []struct{ segments, gets, rounds int }{{0, 1, 1}, {1, 2, 2}, {3, 6, 3}, {100, 120, 12}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, truth := t.Context(), store.NewMemory()
			st := distant(truth)
			r, err := open(ctx, st, 1, bytesOf(1))
			if err != nil {
				t.Fatal(err)
			}
			writeAhead(t, truth, c.segments)
			start := time.Now()
			if err := r.log.Sync(ctx); err != nil {
				t.Fatal(err)
			}
			rounds := int(time.Since(start) / roundTrip)
			if got := r.length(); got != c.segments {
				t.Errorf("a sync shows %d transactions, want %d", got, c.segments)
			}
			r.log.Close(ctx) // and waits for what was asked in vain
			if gets := st.Calls(store.OpGet); gets > c.gets || rounds > c.rounds {
				t.Errorf("a sync with %d new segments took %d requests, %d round trips, want at most %d, %d", c.segments, gets, rounds, c.gets, c.rounds)
			}
			if n, _ := r.log.At(); n != uint64(c.segments) {
				t.Errorf("the log is at %d, want %d", n, c.segments)
			}
		})
	}
}

// TestSharedSync: syncs share probes, but none joins one that began before it.
func TestSharedSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		st := distant(store.NewMemory())
		r, err := open(ctx, st, 1, bytesOf(1))
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var mu sync.Mutex
		var longest time.Duration
		for i := range 1000 { // one each 500 µs
			all.Go(func() {
				time.Sleep(time.Duration(i) * 500 * time.Microsecond)
				start := time.Now()
				if err := r.log.Sync(ctx); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				longest = max(longest, time.Since(start))
			})
		}
		all.Wait()
		if gets := st.Calls(store.OpGet); gets > 12 {
			t.Errorf("1,000 syncs in half a second took %d requests, want at most 12", gets)
		}
		if longest > 2*roundTrip {
			t.Errorf("the longest took %v, want at most %v", longest, 2*roundTrip)
		}
		r.log.Close(ctx)
		if err := r.log.Sync(ctx); !errors.Is(err, journal.ErrShut) {
			t.Errorf("sync of a shut log = %v, want ErrShut", err)
		}
	})
}

// TestNoProbe: no request is made for a store that nobody else writes to, nor
// while the state is as new as was asked for.
func TestNoProbe(t *testing.T) {
	for name, set := range map[string]func(*journal.Options){
		"exclusive": func(o *journal.Options) { o.Exclusive = true },
		"staleness": func(o *journal.Options) { o.Staleness = 250 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, truth := t.Context(), store.NewMemory()
				st := distant(truth)
				r, err := open(ctx, st, 1, bytesOf(1), set)
				if err != nil {
					t.Fatal(err)
				}
				for range 3 {
					if err := r.log.Sync(ctx); err != nil {
						t.Error(err)
					}
				}
				if gets := st.Calls(store.OpGet); gets != 0 {
					t.Errorf("%d requests, want none", gets)
				}
				time.Sleep(250 * time.Millisecond)
				writeAhead(t, truth, 1)
				if err := r.log.Sync(ctx); err != nil {
					t.Error(err)
				}
				if got := r.length(); name == "staleness" && got != 1 {
					t.Errorf("a sync a little later shows %d transactions, want 1", got)
				}
				r.log.Close(ctx)
			})
		})
	}
}

// TestSyncEnds: who gives up does not wait, what the store says is told, and
// Close ends what the store never answers.
func TestSyncEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		down := store.Fault{Kind: store.FaultBefore}
		st := store.Faulty(store.NewMemory(), func(c store.Call) store.Fault {
			if c.Op == store.OpGet {
				return down
			}
			return store.Fault{}
		})
		r, err := open(ctx, st, 1, bytesOf(1))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.log.Sync(ctx); !errors.Is(err, store.ErrInjected) {
			t.Errorf("sync with a store that is down = %v, want its error", err)
		}
		down = store.Fault{Kind: store.FaultSlow, Delay: time.Hour}
		brief, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := r.log.Sync(brief); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("sync for a second = %v, want its deadline", err)
		}
		result := make(chan error, 1)
		go func() { result <- r.log.Sync(ctx) }()
		synctest.Wait()
		brief, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
		r.log.Close(brief)
		if err := <-result; !errors.Is(err, journal.ErrShut) {
			t.Errorf("sync while the log is shut = %v, want ErrShut", err)
		}
	})
}

// TestOwnCommits: a commit that begins after a sync came answers it too.
func TestOwnCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		st := store.Faulty(store.NewMemory(), func(c store.Call) store.Fault {
			if c.Op == store.OpGet {
				return store.Fault{Kind: store.FaultSlow, Delay: time.Hour}
			}
			return store.Fault{Kind: store.FaultSlow, Delay: roundTrip}
		})
		r, err := open(ctx, st, 1, bytesOf(1))
		if err != nil {
			t.Fatal(err)
		}
		start, result := time.Now(), make(chan error, 1)
		go func() { result <- r.log.Sync(ctx) }()
		synctest.Wait()
		if _, err := r.log.Commit(ctx, journal.Tx{Payload: []byte("x"), Records: 1}); err != nil {
			t.Fatal(err)
		}
		if err := <-result; err != nil || time.Since(start) > roundTrip {
			t.Errorf("sync = %v after %v, want nil after the commit", err, time.Since(start))
		}
		brief, cancel := context.WithCancel(ctx)
		cancel()
		r.log.Close(brief)
	})
}
