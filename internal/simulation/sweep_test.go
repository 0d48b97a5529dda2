package simulation

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"aetherfs/internal/store"
)

var (
	only   = flag.String("sweep", "", "the only case of the sweep to run: scene, or scene/request/way/once, or .../ever")
	stride = flag.Int("stride", 0, "the sweep runs one case in so many; 0: as few as take half a minute")
	offset = flag.Int("offset", 0, "the first case that it runs")
)

// What the sweep runs of some 9,000 cases: half a minute of one core, and a
// second of it with -short.
const (
	usualStride = 2
	shortStride = 100
)

// TestSweep plays every scene once for each request that it makes of the store,
// and fails that request, or it and all after it, in every way. Each answer is
// right or a clean error and comes in time, what was acknowledged is there
// afterwards, and fsck has nothing to say.
func TestSweep(t *testing.T) {
	if !*here && *only == "" {
		elsewhere(t, sweepAgain)
		return
	}
	s := sweeper{t: t, stride: *stride}
	switch {
	case s.stride > 0:
	case *only != "":
		s.stride = 1
	case testing.Short():
		s.stride = shortStride
	default:
		s.stride = usualStride
	}
	begun := time.Now()
	for i := range scenes {
		if scene, _, _ := strings.Cut(*only, "/"); *only == "" || scene == scenes[i].name {
			s.scene(&scenes[i])
		}
	}
	fmt.Printf("%d scenes with %d requests: %d of %d cases (every %d from %d on), without slowness the longest answer after %v; took %v\n",
		s.scenes, s.requests, s.played, s.cases, s.stride, *offset, s.slowest.Round(time.Millisecond), time.Since(begun).Round(time.Millisecond))
}

// sweeper goes through the cases.
type sweeper struct {
	t                               *testing.T
	stride                          int
	scenes, requests, cases, played int
	slowest                         time.Duration
}

// scene plays one without a fault, and then with every single one.
func (s *sweeper) scene(sc *scene) {
	calls := s.play(sc, &plan{}, sc.name)
	s.scenes++
	s.requests += len(calls)
	for n, op := range calls {
		for i := range ways {
			for _, ever := range []bool{false, true} {
				s.fail(sc, &plan{way: &ways[i], at: n + 1, ever: ever}, op)
			}
		}
	}
}

// fail plays a scene in which a request fails, if there is such a case and it is
// its turn.
func (s *sweeper) fail(sc *scene, p *plan, op store.Op) {
	if p.ever && p.way.once || p.way.reads && op != store.OpGet {
		return
	}
	name := fmt.Sprintf("%s/%d/%s/%s", sc.name, p.at, p.way.name, map[bool]string{false: "once", true: "ever"}[p.ever])
	if strings.Contains(*only, "/") && *only != name {
		return
	}
	s.cases++
	if (s.cases-1)%s.stride == *offset%s.stride {
		s.play(sc, p, name)
		s.played++
	}
}

// play plays a scene and returns the requests that it made. Where none fails,
// all has to succeed.
func (s *sweeper) play(sc *scene, p *plan, name string) []store.Op {
	if *here {
		fmt.Println(announced, name)
	}
	set := setup{gateways: 2, weather: weather{name: fair, latency: latency}, patience: sweepPatience, bound: sweepBound, trace: *trace && *only == name}
	if p.way != nil {
		set.weather = weather{name: p.way.name, latency: latency, lateUpTo: 3 * time.Minute, rots: p.way.reads && p.ever}
		if p.way.slow {
			set.bound = sweepPatience + time.Second
		}
	}
	r := spend(s.t, set, func(w *world) { newStage(w).play(sc, p) })
	if p.way == nil || !p.way.slow {
		s.slowest = max(s.slowest, r.slowest)
	}
	for _, bad := range r.bad {
		s.t.Errorf("%s: %s", name, bad)
	}
	if len(r.bad) > 0 {
		s.t.Errorf("again: %s", sweepAgain(name))
	}
	return slices.Clone(p.done())
}

// sweepAgain is the command that runs a case once more.
func sweepAgain(name string) string {
	return "go test ./internal/simulation -run Sweep -args -sweep " + name + " -trace"
}
