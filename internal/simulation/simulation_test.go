package simulation

import (
	"flag"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

var (
	seed     = flag.Int("seed", -1, "the only seed to run")
	first    = flag.Int("first", 0, "the first seed to run")
	seeds    = flag.Int("seeds", 0, "how many seeds to run; 0: as many as time allows")
	duration = flag.Duration("for", 0, "how long to begin new seeds; 0: 4m, or 20s with -short")
	gateways = flag.Int("gateways", 0, "gateways on the bucket; 0: the usual number")
	trace    = flag.Bool("trace", false, "print all that happens")
)

// total is what many seeds came to.
type total struct {
	mu   sync.Mutex
	next int // seed
	done int
	sum  result
	wall time.Duration // of the seeds, added up
}

// TestSimulation lives the lives of as many seeds as time allows.
func TestSimulation(t *testing.T) {
	if *seed >= 0 {
		live(t, *seed)
		return
	}
	tot := total{next: *first}
	begun := time.Now()
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for time.Since(begun) < limit() {
				n, ok := tot.take()
				if !ok {
					return
				}
				t.Run(fmt.Sprint("seed=", n), func(t *testing.T) {
					begun := time.Now()
					tot.add(live(t, n), time.Since(begun))
				})
			}
		})
	}
	workers.Wait()
	t.Logf("%v; %v", &tot, time.Since(begun).Round(time.Millisecond))
}

// limit is how long new seeds are begun.
func limit() time.Duration {
	switch {
	case *duration > 0:
		return *duration
	case *seeds > 0:
		return 24 * time.Hour
	case testing.Short():
		return 20 * time.Second
	}
	return 4 * time.Minute
}

// live runs a seed and tells how to run it again if anything was wrong.
func live(t *testing.T, n int) result {
	s := usual(uint64(n))
	again := fmt.Sprintf("go test ./internal/simulation -run Simulation -seed %d", n)
	if *gateways > 0 {
		s.gateways = *gateways
		again += fmt.Sprint(" -gateways ", *gateways)
	}
	s.trace = *trace
	r := run(t, s)
	for _, bad := range r.bad {
		t.Errorf("seed %d, weather %s: %s", n, s.weather.name, bad)
	}
	if len(r.bad) > 0 {
		t.Errorf("again: %s -trace", again)
	}
	return r
}

func (t *total) take() (int, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.next
	if *seeds > 0 && n >= *first+*seeds {
		return 0, false
	}
	t.next++
	return n, true
}

func (t *total) add(r result, wall time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done++
	t.wall += wall
	t.sum.undecided += r.undecided
	t.sum.ops += r.ops
	t.sum.lost += r.lost
	t.sum.requests += r.requests
	t.sum.faults += r.faults
	t.sum.crashes += r.crashes
	t.sum.folds += r.folds
	t.sum.fences += r.fences
	t.sum.removed += r.removed
	t.sum.virtual += r.virtual
}

func (t *total) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := &t.sum
	return fmt.Sprintf("%d seeds from %d on, %v each: %d operations (%d without an answer), %d requests (%d faults), %d crashes, %d folds, %d fences (%d removed), %d undecided, %v of virtual time",
		t.done, *first, (t.wall / time.Duration(max(t.done, 1))).Round(time.Millisecond), s.ops, s.lost, s.requests, s.faults, s.crashes, s.folds, s.fences, s.removed, s.undecided, s.virtual.Round(time.Second))
}

// TestSameSeed: a seed does the same twice.
func TestSameSeed(t *testing.T) {
	for n := range 2 * len(climate) {
		s := usual(uint64(n))
		if a, b := run(t, s), run(t, s); a.trace != b.trace {
			t.Errorf("seed %d: traces %x and %x", n, a.trace, b.trace)
		}
	}
}
