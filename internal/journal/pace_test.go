package journal_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/journal"
	"aetherfs/internal/store"
)

// roundTrip is what every request takes in the tests of pace.
const roundTrip = 50 * time.Millisecond

func distant(inner store.Store) *store.FaultyStore {
	return store.Faulty(inner, func(store.Call) store.Fault {
		return store.Fault{Kind: store.FaultSlow, Delay: roundTrip}
	})
}

// load commits to logs in turn, at random moments of a mean distance, for as
// long as it is told, and returns how long the commits to each log took, in
// ascending order.
func load(ctx context.Context, t *testing.T, logs []*replica, every, span time.Duration) [][]time.Duration {
	rng := rand.New(rand.NewPCG(1, 1))
	var mu sync.Mutex
	var clients sync.WaitGroup
	took := make([][]time.Duration, len(logs))
	for i, end := 0, time.Now().Add(span); time.Now().Before(end); i++ {
		clients.Go(func() {
			start := time.Now()
			if _, err := logs[i%len(logs)].log.Commit(ctx, journal.Tx{Payload: fmt.Append(nil, i), Records: 1}); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			took[i%len(logs)] = append(took[i%len(logs)], time.Since(start))
		})
		time.Sleep(time.Duration(rng.ExpFloat64() * float64(every)))
	}
	clients.Wait()
	for _, d := range took {
		slices.Sort(d)
	}
	return took
}

// share is the quantile of a sorted list, in round trips.
func share(took []time.Duration, q float64) float64 {
	return float64(took[int(q*float64(len(took)-1))]) / float64(roundTrip)
}

// TestPace: what commits cost in round trips and in requests. The targets of
// two gateways that race are those of docs/design/0004.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		name            string
		logs            int
		every           time.Duration
		p50, p99, worst float64 // round trips, at most
		puts            float64 // a commit, at most
	}{
		{"one client", 1, 10 * roundTrip, 1.5, 2.5, 3, 1},
		{"1,000 a second", 1, time.Millisecond, 2.5, 6, 6, 0.02},
		{"1,000 a second through two", 2, time.Millisecond, 8, 25, 30, 0.02},
		{"100 a second through two", 2, 10 * time.Millisecond, 8, 25, 30, 0.2},
		{"1,000 a second through three", 3, time.Millisecond, 8, 25, 30, 0.025},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, st := t.Context(), distant(store.NewMemory())
				var logs []*replica
				for i := range c.logs {
					r, err := open(ctx, st, byte(i+1), bytesOf(int64(i)))
					if err != nil {
						t.Fatal(err)
					}
					defer r.log.Close(ctx)
					logs = append(logs, r)
				}
				commits := 0
				for i, took := range load(ctx, t, logs, c.every, time.Minute) {
					p50, p99, worst := share(took, 0.5), share(took, 0.99), share(took, 1)
					t.Logf("gateway %d: %d commits, p50 %.1f, p99 %.1f, worst %.1f round trips", i, len(took), p50, p99, worst)
					if p50 > c.p50 || p99 > c.p99 || worst > c.worst {
						t.Errorf("gateway %d: p50 %.1f, p99 %.1f, worst %.1f round trips, want at most %v, %v, %v", i, p50, p99, worst, c.p50, c.p99, c.worst)
					}
					commits += len(took)
				}
				puts := float64(st.Calls(store.OpPut)) / float64(commits)
				t.Logf("%.4f puts a commit, %d gets", puts, st.Calls(store.OpGet))
				if puts > c.puts {
					t.Errorf("%.4f puts a commit, want at most %v", puts, c.puts)
				}
			})
		})
	}
}

// TestSeldom: a gateway that writes now and then is not starved by one whose
// clients are never idle, and leaves it alone again; and a lone client that
// writes without pause loses little to the rests that this takes.
func TestSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, st := t.Context(), distant(store.NewMemory())
		busy, err := open(ctx, st, 1, bytesOf(1))
		if err != nil {
			t.Fatal(err)
		}
		seldom, err := open(ctx, st, 2, bytesOf(2))
		if err != nil {
			t.Fatal(err)
		}
		commit := func(r *replica) {
			if _, err := r.log.Commit(ctx, journal.Tx{Payload: []byte("x"), Records: 1}); err != nil {
				t.Error(err)
			}
		}
		var clients sync.WaitGroup
		alone, begun := 0, time.Now()
		clients.Go(func() {
			for time.Since(begun) < 5*time.Minute {
				commit(busy)
				if time.Since(begun) < time.Minute {
					alone++
				}
			}
		})
		time.Sleep(time.Minute)
		for range 15 {
			if err := seldom.log.Sync(ctx); err != nil {
				t.Error(err)
			}
			start := time.Now()
			commit(seldom)
			if d := float64(time.Since(start)) / float64(roundTrip); d > 80 {
				t.Errorf("commit beside a busy gateway took %.1f round trips, want at most 80", d)
			}
			time.Sleep(15 * time.Second)
		}
		clients.Wait()
		if most := int(time.Minute / roundTrip); alone < most*9/10 {
			t.Errorf("a lone client committed %d times in a minute, want nine in ten of %d", alone, most)
		}
		busy.log.Close(ctx)
		seldom.log.Close(ctx)
	})
}
