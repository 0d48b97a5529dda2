package backend_test

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aetherfs/internal/store"
)

// roundTrip is how long a distant store takes for a request, by the clock of
// the bubble that a test runs in.
const roundTrip = 50 * time.Millisecond

// distance is a store for which every request takes a round trip, and what was
// asked of it.
type distance struct {
	*store.FaultyStore

	mu    sync.Mutex
	asked []asked // guarded by mu
}

// asked is one request.
type asked struct {
	op  store.Op
	key string
	at  time.Time
}

func distant(inner store.Store) *distance {
	d := &distance{}
	d.FaultyStore = store.Faulty(inner, func(c store.Call) store.Fault {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.asked = append(d.asked, asked{c.Op, c.Key, time.Now()})
		return store.Fault{Kind: store.FaultSlow, Delay: roundTrip}
	})
	return d
}

// cost is what something took: in round trips, and which requests.
type cost struct {
	trips float64
	asked []asked
}

// of returns what f costs.
func (d *distance) of(f func()) cost {
	d.mu.Lock()
	before := len(d.asked)
	d.mu.Unlock()
	start := time.Now()
	f()
	took := time.Since(start)
	d.mu.Lock()
	defer d.mu.Unlock()
	return cost{trips(took), slices.Clone(d.asked[before:])}
}

// count is the number of requests of a kind.
func (c cost) count(op store.Op) int {
	n := 0
	for _, a := range c.asked {
		if a.op == op {
			n++
		}
	}
	return n
}

// String shows which requests came one after the other.
func (c cost) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%.0f round trips, %d requests", c.trips, len(c.asked))
	for _, a := range c.asked {
		fmt.Fprintf(&b, "\n\t%3.0f %s %s", trips(a.at.Sub(c.asked[0].at)), a.op, a.key)
	}
	return b.String()
}

func trips(d time.Duration) float64 { return float64(d) / float64(roundTrip) }

// latencies are what the operations of one gateway took.
type latencies []time.Duration

// share is a quantile, in round trips.
func (l latencies) share(q float64) float64 {
	slices.Sort(l)
	return trips(l[int(q*float64(len(l)-1))])
}

func (l latencies) String() string {
	return fmt.Sprintf("%d puts, p50 %.2f, p99 %.2f, worst %.2f round trips", len(l), l.share(0.5), l.share(0.99), l.share(1))
}

// fresh returns n bytes that nobody has stored.
func fresh(t testing.TB, n int) []byte {
	t.Helper()
	data := make([]byte, n)
	if _, err := rand.Read(data); err != nil {
		t.Fatal(err)
	}
	return data
}
