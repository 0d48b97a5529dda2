package simulation

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"path"
	"strings"
	"sync"
	"time"

	"aetherfs/internal/store"
)

// pageObjects is how many objects one request of a listing brings: few, so that
// listings see writes between their pages.
const pageObjects = 5

// bucket is the service: objects that survive every gateway, a clock, and the
// requests under way.
type bucket struct {
	dice    dice
	weather weather
	objects *store.Memory
	landing sync.WaitGroup // requests under way

	mu       sync.Mutex
	quiet    bool   // no more faults; guarded by mu
	plan     *plan  // nil: the weather is all; guarded by mu
	trace    uint64 // sum of the digests of all requests; guarded by mu
	requests int    // guarded by mu
	faults   int    // of requests; guarded by mu
	folds    int    // checkpoints that were written; guarded by mu
	fences   int    // guarded by mu
	removed  int    // fences that were; guarded by mu
	diary    *diary
}

func newBucket(d dice, w weather, y *diary) *bucket {
	b := &bucket{dice: d, weather: w, objects: store.NewMemory(), diary: y}
	offset := clockOffset(d.of("clock of the store"))
	b.objects.Now = func() time.Time { return time.Now().Add(offset) }
	return b
}

// calm ends all faults.
func (b *bucket) calm() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.quiet = true
}

// draw returns the fate of request number n of a kind from a view.
func (b *bucket) draw(view string, op store.Op, class string, n int) fate {
	b.mu.Lock()
	quiet, p := b.quiet, b.plan
	b.mu.Unlock()
	w := b.weather
	if quiet {
		w = weather{latency: w.latency}
	}
	f := w.fate(b.dice, b.dice.of(view, op, class, n), time.Now())
	if p != nil && !quiet {
		p.apply(&f, op)
	}
	if (f.kind == faultFlip || f.kind == faultShort) && op != store.OpGet {
		f.kind = fine
	}
	return f
}

// follow has requests fail by p from now on; nil: by the weather alone.
func (b *bucket) follow(p *plan) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.plan = p
}

// note adds a request that has reached the store to the trace, which does not
// depend on the order of what happens at the same instant.
func (b *bucket) note(view string, op store.Op, key string, f fate, err error) {
	h := fnv.New64a()
	fmt.Fprint(h, view, op, class(key), f.kind, outcome(err), time.Now().UnixNano())
	b.mu.Lock()
	b.trace += h.Sum64()
	b.requests++
	if f.kind != fine {
		b.faults++
	}
	switch folder := path.Base(path.Dir(key)); {
	case err != nil:
	case folder == "checkpoints" && op == store.OpPut:
		b.folds++
	case folder == "log" && op == store.OpDelete:
		b.removed++
	}
	b.mu.Unlock()
	b.diary.printf("%s: %v %s: %s %s", view, op, key, f.kind, outcome(err))
}

// fenced counts a segment that was overwritten.
func (b *bucket) fenced() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fences++
}

// class is key without the part that is a digest: which of two blocks that are
// stored at once gets which nonce is nobody's choice.
func class(key string) string {
	if strings.HasPrefix(key, "pools/") {
		return path.Dir(path.Dir(key))
	}
	return key
}

// outcome is what a trace says of an answer.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, store.ErrExists):
		return "exists"
	case errors.Is(err, store.ErrNotFound):
		return "absent"
	}
	return err.Error()
}

// page returns objects in a row, and whether there are more.
func (b *bucket) page(prefix, after string) (infos []store.Info, more bool) {
	for info, err := range b.objects.List(context.Background(), prefix, after) {
		if err != nil || len(infos) == pageObjects {
			return infos, true
		}
		infos = append(infos, info)
	}
	return infos, false
}
