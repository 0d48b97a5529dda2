package conformance

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	crashCycles  = 200
	crashShards  = 4 // gateways that are killed side by side, each with a store of its own
	crashWriters = 4 // of one gateway

	loadFor   = 250 * time.Millisecond // the load runs at most so long before the kill
	bootFor   = 80 * time.Millisecond  // a start is killed at most so long after it began
	bootEvery = 8                      // every so many cycles a start is killed too
)

// TestKill ends the gateway by SIGKILL at random moments under load, and while
// it starts. Every change that was acknowledged must be there afterwards, byte
// for byte; one that was not, whole or not at all.
func TestKill(t *testing.T) {
	seed := newSeed(t)
	for shard := range crashShards {
		t.Run(fmt.Sprint(shard), func(t *testing.T) {
			t.Parallel()
			v := newVictim(t, seed+uint64(shard))
			for cycle := range crashCycles / crashShards {
				if cycle%bootEvery == bootEvery-1 {
					v.killInStart(t)
				}
				v.g.start(t)
				v.verify(t)
				v.loadAndKill(t)
				if t.Failed() {
					t.Fatalf("in cycle %d", cycle)
				}
			}
			v.g.start(t)
			v.verify(t)
			t.Logf("%d changes were acknowledged", v.acknowledged())
		})
	}
}

// A victim is a gateway that is killed, and the writers that put it under load.
type victim struct {
	g       *gateway
	random  *rand.Rand
	writers []*writer
}

// newVictim leaves the gateway stopped, with an empty bucket.
func newVictim(t *testing.T, seed uint64) *victim {
	t.Helper()
	v := &victim{g: newGateway(t, false), random: rand.New(rand.NewPCG(seed, 0))}
	bucket := newReference(t, v.g.endpoint, "victim").bucket
	for i := range crashWriters {
		v.writers = append(v.writers, newWriter(t, v.g.endpoint, bucket, i, seed))
	}
	v.g.stop(t)
	return v
}

// killInStart kills a process that is just reading its store again.
func (v *victim) killInStart(t *testing.T) {
	t.Helper()
	v.g.launch(t)
	time.Sleep(time.Duration(v.random.Int64N(int64(bootFor))))
	v.g.kill()
}

// verify has each writer compare what it knows with what is there.
func (v *victim) verify(t *testing.T) {
	t.Helper()
	var all errgroup.Group
	for _, w := range v.writers {
		all.Go(func() error { return w.verify(t.Context()) })
	}
	if err := all.Wait(); err != nil {
		t.Errorf("after a kill: %v", err)
	}
}

// loadAndKill lets the writers change things until the gateway is killed under
// them. A change that fails before that is a fault of the gateway.
func (v *victim) loadAndKill(t *testing.T) {
	t.Helper()
	killed := make(chan struct{})
	var all errgroup.Group
	for _, w := range v.writers {
		all.Go(func() error {
			err := w.change(t.Context())
			select {
			case <-killed:
				return nil
			default:
				return fmt.Errorf("before the kill: %w", err)
			}
		})
	}
	time.Sleep(time.Duration(v.random.Int64N(int64(loadFor))))
	close(killed)
	v.g.kill()
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
}

func (v *victim) acknowledged() int {
	n := 0
	for _, w := range v.writers {
		n += w.acknowledged
	}
	return n
}
