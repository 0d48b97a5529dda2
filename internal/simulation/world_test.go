package simulation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/kv"
	"aetherfs/internal/upkeep"
)

// setup says what one life of a bucket is made of.
type setup struct {
	seed     uint64
	weather  weather
	gateways int
	clients  int
	each     int  // operations of each client
	trace    bool // print everything

	patience time.Duration // of every client; 0: each operation has its own
	bound    time.Duration // on the time until an answer; 0: none
}

// usual is the setup of a seed.
func usual(seed uint64) setup {
	return setup{seed: seed, weather: climate[seed%uint64(len(climate))], gateways: 3, clients: 5, each: 20}
}

// result is what came of it.
type result struct {
	bad       []string // what was wrong
	undecided int      // datasets whose history was too hard to judge
	trace     uint64   // the same whenever the seed is run
	ops, lost int      // of clients; without an answer
	requests  int      // to the store
	faults    int
	crashes   int
	folds     int
	fences    int
	removed   int // fences
	virtual   time.Duration
	slowest   time.Duration // time until an answer
}

// world is one life of a bucket.
type world struct {
	setup
	dice    dice
	bucket  *bucket
	history *history
	values  *values
	uploads *uploads
	diary   *diary

	mu       sync.Mutex
	slots    []*gateway // those that serve; nil while one starts; guarded by mu
	started  []int      // processes, by slot; guarded by mu
	past     []*gateway // those that have ended, and are to be waited for; guarded by mu
	caches   []*kv.DB   // guarded by mu
	problems []string   // guarded by mu
	crashes  int        // guarded by mu

	slowest time.Duration // time until an answer; guarded by mu
}

// longest is more virtual time than any life takes.
const longest = 20 * 365 * 24 * time.Hour

// run lives the life of a seed.
func run(t *testing.T, s setup) result {
	return spend(t, s, func(w *world) {
		w.live()
		w.judge()
	})
}

// spend lives a life in some way.
func spend(t *testing.T, s setup, way func(*world)) (r result) {
	var w *world
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		w = newWorld(s)
		watchdog := time.AfterFunc(longest, func() { panic(fmt.Sprintf("seed %d waits for ever", s.seed)) })
		defer watchdog.Stop()
		way(w)
		w.end()
		r.virtual = time.Since(begun)
	})
	v := w.history.check()
	for _, h := range v.illegal {
		w.bad("answers that fit no order:\n%s", h)
	}
	r.bad, r.undecided = w.problems, v.undecided
	r.trace, r.requests, r.faults = w.bucket.trace, w.bucket.requests, w.bucket.faults
	r.folds, r.fences, r.removed = w.bucket.folds, w.bucket.fences, w.bucket.removed
	r.ops, r.lost, r.crashes = len(w.history.ops), w.history.lost, w.crashes
	r.slowest = w.slowest
	return r
}

func newWorld(s setup) *world {
	w := &world{setup: s, dice: dice(s.seed), values: newValues(), uploads: newUploads(), slots: make([]*gateway, s.gateways), started: make([]int, s.gateways)}
	if s.trace {
		w.diary = &diary{}
		w.diary.printf("seed %d, weather %s", s.seed, s.weather.name)
	}
	w.bucket = newBucket(w.dice, s.weather, w.diary)
	w.history = &history{diary: w.diary}
	return w
}

// bad notes something that must not be.
func (w *world) bad(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
	w.diary.printf("BAD: "+format, args...)
}

// punctual notes an answer that took longer than bound; 0: it may.
func (w *world) punctual(what fmt.Stringer, asked time.Time, bound time.Duration) {
	took := time.Since(asked)
	w.mu.Lock()
	w.slowest = max(w.slowest, took)
	w.mu.Unlock()
	if bound > 0 && took > bound {
		w.bad("%v took %v, more than %v", what, took, bound)
	}
}

// gateway returns one that serves, or nil.
func (w *world) gateway(rng *rand.Rand) *gateway {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := rng.IntN(len(w.slots))
	for i := range w.slots {
		if g := w.slots[(n+i)%len(w.slots)]; g != nil {
			return g
		}
	}
	return nil
}

// start puts a new process in a slot, and goes on trying until it is up.
func (w *world) start(slot int, cache *kv.DB) {
	if cache == nil {
		cache = w.newCache()
	}
	for try := 0; ; try++ {
		err := w.try(context.Background(), slot, cache)
		if err == nil {
			return
		}
		if try == maxStarts {
			w.bad("%v, after %d tries", err, try)
			return
		}
		time.Sleep(time.Second + time.Duration(slot))
	}
}

// try puts a new process in a slot, if it can be started.
func (w *world) try(ctx context.Context, slot int, cache *kv.DB) error {
	w.mu.Lock()
	w.started[slot]++
	name := fmt.Sprintf("g%d.%d", slot+1, w.started[slot])
	w.mu.Unlock()
	g, err := openGateway(ctx, w.bucket, name, cache)
	if err != nil {
		w.diary.printf("%s does not start: %v", name, err)
		return err
	}
	w.diary.printf("%s is up", name)
	w.mu.Lock()
	w.slots[slot] = g
	w.mu.Unlock()
	return nil
}

func (w *world) newCache() *kv.DB {
	cache := kv.Memory()
	w.mu.Lock()
	w.caches = append(w.caches, cache)
	w.mu.Unlock()
	return cache
}

// maxStarts bounds the tries to start a gateway. Bad times last for spells of
// eight seconds.
const maxStarts = 200

// open starts a process in every slot.
func (w *world) open() {
	var starting sync.WaitGroup
	for slot := range w.slots {
		starting.Go(func() { w.start(slot, nil) })
	}
	starting.Wait()
}

// live runs clients and crashes until the clients have done all they want.
func (w *world) live() {
	w.open()
	stop := make(chan struct{})
	var clients, others sync.WaitGroup
	others.Go(func() { w.crashing(stop) })
	for id := range w.clients {
		clients.Go(func() { newClient(w, id).live(w.each) })
	}
	clients.Wait()
	close(stop)
	others.Wait()
}

// crashing ends a process now and then and starts another in its place, with
// the cache that it left or without.
func (w *world) crashing(stop <-chan struct{}) {
	rng := w.dice.of("crashes")
	for {
		select {
		case <-stop:
			return
		case <-time.After(around(rng, w.weather.crash)):
		}
		slot := rng.IntN(len(w.slots))
		g := w.take(slot)
		if g == nil {
			continue
		}
		var cache *kv.DB
		if rng.IntN(2) == 0 {
			cache = g.cache
		}
		if rng.IntN(3) == 0 {
			w.diary.printf("%s is shut", g.name)
			w.shut(g)
		} else {
			w.diary.printf("%s crashes", g.name)
			g.crash()
		}
		w.start(slot, cache)
	}
}

// take empties a slot.
func (w *world) take(slot int) *gateway {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.slots[slot]
	if g != nil {
		w.slots[slot] = nil
		g.ended.Store(true)
		w.past = append(w.past, g)
		w.crashes++
	}
	return g
}

// shut ends a process as an operator does.
func (w *world) shut(g *gateway) {
	if err := g.close(); err != nil {
		w.bad("shut %s: %v", g.name, err)
	}
}

// settling is more time than a gateway waits before it tries again.
const settling = time.Minute

// judge lets the weather clear and all that is under way land, and compares
// what the gateways see. It returns that.
func (w *world) judge() (seen string) {
	w.bucket.calm()
	for _, g := range w.serving() {
		time.Sleep(g.view.standstill() + time.Millisecond) // not as it ends, so that one of two always comes first
		g.rest()
	}
	time.Sleep(settling)
	w.awake()
	w.bucket.landing.Wait()
	for _, g := range w.serving() {
		if err := g.finish(context.Background()); err != nil {
			w.bad("%s at the end: %v", g.name, err)
		}
	}
	w.start(w.newSlot(), nil) // knows nothing
	w.fsck()
	all := w.serving()
	seen = w.seen(all[0])
	for _, g := range all[1:] {
		w.compare(g, seen)
	}
	return seen
}

// compare notes a gateway that does not see what others see.
func (w *world) compare(g *gateway, want string) {
	if got := w.seen(g); got != want {
		w.bad("%s does not see what others see:\n%s\nbut\n%s", g.name, got, want)
	}
}

// seen reads all that a gateway serves, and returns all that it knows.
func (w *world) seen(g *gateway) string {
	g.rest()
	reader := newClient(w, w.clients)
	for _, dataset := range datasets {
		reader.listAll(g, dataset, true)
		reader.listUploadsOf(g, dataset, true)
		for key := range keys {
			reader.read(g, dataset, key, true)
		}
	}
	all, err := g.dump(context.Background())
	if err != nil {
		w.bad("%s cannot be read at the end: %v", g.name, err)
	}
	return all
}

// fsck has the newest gateway, whose caches are empty, check all that is stored.
func (w *world) fsck() {
	all := w.serving()
	g := all[len(all)-1]
	g.rest()
	if err := g.fsck(context.Background(), func(p upkeep.Problem) { w.bad("fsck: %v", p) }); err != nil {
		w.bad("fsck: %v", err)
	}
}

// awake waits until every gateway answers: one that stood still when the clients
// left has their last changes still to commit.
func (w *world) awake() {
	const longest = 48 * 60 // tries: two days, more than any standstill
	for _, g := range w.serving() {
		for range longest {
			if _, err := g.dump(context.Background()); err == nil {
				break
			}
			time.Sleep(settling)
		}
	}
	time.Sleep(settling)
}

// serving are the processes that are up.
func (w *world) serving() []*gateway {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.slots), func(g *gateway) bool { return g == nil })
}

func (w *world) newSlot() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slots, w.started = append(w.slots, nil), append(w.started, 0)
	return len(w.slots) - 1
}

// end waits for everything that runs.
func (w *world) end() {
	for slot := range w.slots {
		if g := w.take(slot); g != nil {
			w.shut(g)
		}
	}
	for _, g := range w.past {
		if g.crashed() { // and was not shut
			w.shut(g)
		}
	}
	w.bucket.landing.Wait()
	for _, cache := range slices.Backward(w.caches) {
		if err := cache.Close(); err != nil {
			w.bad("close a cache: %v", err)
		}
	}
}
