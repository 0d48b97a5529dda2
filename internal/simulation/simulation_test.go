package simulation

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
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
	here     = flag.Bool("here", false, "run seeds in this process")
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

// TestSimulation lives the lives of as many seeds as time allows, in a process
// of its own, so that a failure that ends it can be told too.
func TestSimulation(t *testing.T) {
	if *seed >= 0 {
		live(t, *seed)
		return
	}
	if !*here {
		elsewhere(t, again)
		return
	}
	var tot total
	begun := time.Now()
	for n := *first; time.Since(begun) < limit() && (*seeds == 0 || n < *first+*seeds); n++ {
		fmt.Println(announced, n)
		tot.add(live(t, n))
	}
	fmt.Printf("%v; took %v\n", &tot, time.Since(begun).Round(time.Millisecond))
}

// announced stands before the name of what is about to be run.
const announced = "now:"

// elsewhere runs this test in a process of its own and passes on what it says.
// again tells how to run again what was announced last.
func elsewhere(t *testing.T, again func(last string) string) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], append(os.Args[1:], "-here", "-test.run=^"+t.Name()+"$", "-test.v=false")...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last, said := "", bufio.NewScanner(out)
	for said.Scan() {
		if name, ok := strings.CutPrefix(said.Text(), announced+" "); ok {
			last = name
		} else {
			t.Log(said.Text())
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v, with or after %s; again: %s", err, last, again(last))
	}
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
	if *gateways > 0 {
		s.gateways = *gateways
	}
	s.trace = *trace
	r := run(t, s)
	for _, bad := range r.bad {
		t.Errorf("seed %d, weather %s: %s", n, s.weather.name, bad)
	}
	if len(r.bad) > 0 {
		t.Errorf("again: %s", again(fmt.Sprint(n)))
	}
	return r
}

// again is the command that runs a seed once more.
func again(seed string) string {
	cmd := fmt.Sprintf("go test ./internal/simulation -run Simulation -args -seed %s -trace", seed)
	if *gateways > 0 {
		cmd += fmt.Sprint(" -gateways ", *gateways)
	}
	return cmd
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
	if raced {
		t.Skip("the race detector shuffles goroutines")
	}
	for n := range 2 * len(climate) {
		s := usual(uint64(n))
		if a, b := run(t, s), run(t, s); a.trace != b.trace {
			t.Errorf("seed %d: traces %x and %x", n, a.trace, b.trace)
		}
	}
}
