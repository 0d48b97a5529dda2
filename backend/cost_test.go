package backend_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/backend"
	"aetherfs/internal/store"
)

// TestCostOfPut: what small files cost that are put through gateways which
// share their store with others.
func TestCostOfPut(t *testing.T) {
	for _, c := range []struct {
		name     string
		gateways int
		every    time.Duration // between two puts, on average
		span     time.Duration

		p50, p99, worst float64 // round trips, at most
		puts            float64 // requests that write, for each file, at most
	}{
		{"one client", 1, 20 * roundTrip, 5 * time.Minute, 1.5, 2.5, 3, 1},
		{"1,000 a second", 1, time.Millisecond, 20 * time.Second, 2.5, 6, 6, 0.02},
		{"1,000 a second through two", 2, time.Millisecond, 20 * time.Second, 8, 25, 30, 0.02},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				far := distant(store.NewMemory())
				trees := sharing(t, far, c.gateways)
				var took []latencies
				spent := far.of(func() { took = load(t, trees, c.every, c.span) })
				files := 0
				for i, l := range took {
					files += len(l)
					t.Logf("gateway %d: %v", i, l)
					if l.share(0.5) > c.p50 || l.share(0.99) > c.p99 || l.share(1) > c.worst {
						t.Errorf("gateway %d: %v; want at most %v, %v, %v", i, l, c.p50, c.p99, c.worst)
					}
				}
				each := float64(spent.count(store.OpPut)) / float64(files)
				t.Logf("%.4f puts to the store for each, %d gets", each, spent.count(store.OpGet))
				if each > c.puts {
					t.Errorf("%.4f puts to the store for each file, want at most %v", each, c.puts)
				}
			})
		})
	}
}

// TestCostOfPutsWithoutPause: one client that puts a small file as soon as the
// last was acknowledged pays one request and one round trip for each.
func TestCostOfPutsWithoutPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const files = 1000
		far := distant(store.NewMemory())
		tree := sharing(t, far, 1)[0]
		var took latencies
		spent := far.of(func() {
			for i := range files {
				took = append(took, timed(t, tree, i))
			}
		})
		t.Log(took)
		if got := spent.count(store.OpPut); got != files || len(spent.asked) != files {
			t.Errorf("%d files took %d requests, of them %d puts", files, len(spent.asked), got)
		}
		if p50 := took.share(0.5); p50 > 1.5 {
			t.Errorf("p50 is %.2f round trips, want at most 1.5", p50)
		}
	})
}

// TestCostOfMove: a transaction of many copies asks the log once, not for each.
func TestCostOfMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const files = 200
		far := distant(store.NewMemory())
		tree := sharing(t, far, 1)[0]
		for i := range files {
			timed(t, tree, i)
		}
		spent := far.of(func() {
			tx, err := tree.Begin(t.Context(), "bench")
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Close()
			for i := range files {
				from, to := backend.Path{Dataset: "bench", Tag: "v1", Name: fmt.Sprintf("%07d", i)}, backend.Path{Dataset: "bench", Tag: "moved", Name: fmt.Sprint(i)}
				if err := errors.Join(tx.Copy(t.Context(), to, from, backend.CopyOptions{}), tx.Remove(t.Context(), from, backend.Cond{})); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
		if got := len(spent.asked); got > 3 {
			t.Errorf("moving %d files took %d requests, want at most 3", files, got)
		}
	})
}

// sharing returns the trees of gateways that share a store, which has the
// dataset "bench"; all know it. The test's end closes them.
func sharing(t *testing.T, st store.Store, gateways int) []backend.Tree {
	t.Helper()
	var trees []backend.Tree
	for i := range gateways {
		h := &house{t: t, st: st}
		trees = append(trees, h.open())
		t.Cleanup(h.close)
		if i == 0 {
			if err := trees[0].CreateDataset(t.Context(), "bench"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := trees[i].Stats(t.Context(), "bench"); err != nil {
			t.Fatal(err)
		}
	}
	return trees
}

// load puts small files through the gateways in turn, at random moments, and
// returns what each gateway's took.
func load(t *testing.T, trees []backend.Tree, every, span time.Duration) []latencies {
	rng := rand.New(rand.NewPCG(1, 1))
	var mu sync.Mutex
	var clients sync.WaitGroup
	took := make([]latencies, len(trees))
	for i, end := 0, time.Now().Add(span); time.Now().Before(end); i++ {
		clients.Go(func() {
			d := timed(t, trees[i%len(trees)], i)
			mu.Lock()
			defer mu.Unlock()
			took[i%len(trees)] = append(took[i%len(trees)], d)
		})
		time.Sleep(time.Duration(rng.ExpFloat64() * float64(every)))
	}
	clients.Wait()
	return took
}

// timed puts a file of 1 KiB.
func timed(t *testing.T, tree backend.Tree, i int) time.Duration {
	data := fresh(t, smallBytes)
	start := time.Now()
	if err := put(context.WithoutCancel(t.Context()), tree, fmt.Sprintf("v1/%07d", i), bytes.NewReader(data)); err != nil {
		t.Error(err)
	}
	return time.Since(start)
}
