package simulation

import (
	"flag"
	"fmt"
	"runtime"
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

// One processor runs the goroutines that one event wakes in the order in which
// they waited; two would race, and a seed would not do the same twice. Who wants
// to use more runs more processes.
func init() { runtime.GOMAXPROCS(1) }

// total is what many seeds came to.
type total struct {
	done int
	sum  result
}

// TestSimulation lives the lives of as many seeds as time allows.
func TestSimulation(t *testing.T) {
	if *seed >= 0 {
		live(t, *seed)
		return
	}
	var tot total
	begun := time.Now()
	for n := *first; time.Since(begun) < limit() && (*seeds == 0 || n < *first+*seeds); n++ {
		t.Run(fmt.Sprint("seed=", n), func(t *testing.T) { tot.add(live(t, n)) })
	}
	t.Logf("%v; took %v", &tot, time.Since(begun).Round(time.Millisecond))
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
	again := fmt.Sprintf("go test ./internal/simulation -run Simulation -args -seed %d", n)
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

func (t *total) add(r result) {
	t.done++
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
	s := &t.sum
	return fmt.Sprintf("%d seeds from %d on: %d operations (%d without an answer), %d requests (%d faults), %d crashes, %d folds, %d fences (%d removed), %d undecided, %v of virtual time",
		t.done, *first, s.ops, s.lost, s.requests, s.faults, s.crashes, s.folds, s.fences, s.removed, s.undecided, s.virtual.Round(time.Second))
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
