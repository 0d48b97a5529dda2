package simulation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/internal/journal"
	"aetherfs/internal/kv"
	"aetherfs/internal/manifest"
)

// In a sweep every client gives up after a minute, as common ones do, and no
// answer but a slow one takes longer. Nobody waits for upkeep and starts, which
// get an hour, and end by themselves within minutes.
const (
	sweepPatience = time.Minute
	sweepBound    = time.Minute
	taskPatience  = time.Hour
	taskBound     = 5 * time.Minute
)

// scene is something that happens on a bucket. The requests that it makes while
// it is played are those that fail.
type scene struct {
	name    string
	prepare func(*stage) // nil: furnish
	play    func(*stage)
	check   func(*stage) // of what clients cannot see; nil: there is nothing
}

// stage is where a scene is played: two gateways without upkeep of their own,
// and two clients.
type stage struct {
	*world
	a, b *gateway
	one  *client // does one thing after the other
	two  *client // does another meanwhile

	access map[string]bool // keys that have to be there, and those that must not
	ids    []string        // of the repository, as it was told; guarded by mu
}

func newStage(w *world) *stage {
	w.open()
	return &stage{world: w, a: w.slots[0], b: w.slots[1], one: newClient(w, 0), two: newClient(w, 1), access: map[string]bool{}}
}

// play plays a scene with the faults of a plan, and judges what there is when
// all is well again, once more after a restart.
func (s *stage) play(sc *scene, p *plan) {
	if sc.prepare != nil {
		sc.prepare(s)
	} else {
		furnish(s)
	}
	s.bucket.follow(p)
	sc.play(s)
	s.bucket.follow(nil)
	s.replaceCrashed()
	seen := s.judge()
	if sc.check != nil {
		sc.check(s)
	}
	if g := s.take(0); g != nil {
		s.shut(g)
		s.start(0, g.cache)
		s.compare(s.slots[0], seen)
	}
}

// replaceCrashed starts processes with the caches of those that have crashed.
func (s *stage) replaceCrashed() {
	for slot := range s.slots {
		if g := s.slots[slot]; g != nil && g.crashed() {
			s.take(slot)
			s.start(slot, g.cache)
		}
	}
}

// boot starts one more process, which may fail; nil: it did.
func (s *stage) boot(cache *kv.DB) *gateway {
	slot := s.newSlot()
	s.task(nil, "start", func(ctx context.Context) error { return s.try(ctx, slot, cache) })
	return s.slots[slot]
}

// task does what no client waits for. A nil gateway is one that starts.
func (s *stage) task(g *gateway, what string, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), taskPatience)
	defer cancel()
	bound := taskBound
	if s.bound > sweepBound { // slow
		bound = taskPatience + time.Second
	}
	begun := time.Now()
	err := do(ctx)
	s.diary.printf("%s: %v", what, err)
	if err != nil && !s.excused(g, err) {
		s.bad("%s: %v", what, err)
	}
	s.punctual(task(what), begun, bound)
}

type task string

func (t task) String() string { return string(t) }

// excused reports whether a fault explains the error of a task.
func (s *stage) excused(g *gateway, err error) bool {
	if s.weather.name == fair {
		return false
	}
	reasons := []error{errLost, errBusy, errCut, context.DeadlineExceeded, journal.ErrUnknown, backend.ErrUnavailable}
	if s.weather.rots {
		reasons = append(reasons, backend.ErrCorrupt, catalog.ErrFormat, manifest.ErrFormat, journal.ErrFormat, journal.ErrBroken)
	}
	for _, reason := range reasons {
		if errors.Is(err, reason) {
			return true
		}
	}
	return g != nil && g.crashed()
}

// both does two things at once.
func both(f, g func()) {
	var all sync.WaitGroup
	all.Go(f)
	all.Go(g)
	all.Wait()
}

// fold folds a dataset.
func (s *stage) fold(g *gateway, dataset string) {
	s.task(g, "fold "+dataset, func(ctx context.Context) error { return g.keeper.Fold(ctx, dataset) })
}

// foldHub folds the log that has no embedded data to be moved.
func (s *stage) foldHub(g *gateway) {
	s.task(g, "fold the hub", func(ctx context.Context) error {
		err := g.names.Logs()[0].Fold(ctx, nil)
		if errors.Is(err, manifest.ErrFold) {
			return nil
		}
		return err
	})
}

// retire has folded segments make way.
func (s *stage) retire(g *gateway) {
	for _, l := range g.names.Logs() {
		s.task(g, "retire", func(ctx context.Context) error { return l.Retire(ctx, time.Hour) })
	}
}

// setKey makes an access key, or removes it.
func (s *stage) setKey(g *gateway, access string, there bool) {
	delete(s.access, access)
	s.task(g, fmt.Sprint("key ", access, " ", there), func(ctx context.Context) error {
		var err error
		if there {
			err = g.names.CreateKey(ctx, manifest.Key{Access: access, Sealed: []byte("sealed")})
		} else {
			err = g.names.DeleteKey(ctx, access)
		}
		if err == nil {
			s.access[access] = there
		}
		return err
	})
}

// checkKeys: what was answered about keys is so. That all gateways agree is
// known already.
func (s *stage) checkKeys() {
	g := s.serving()[0]
	for access, there := range s.access {
		if (g.names.Key(access) != nil) != there {
			s.bad("key %s there: %v, was told %v", access, !there, there)
		}
	}
}
