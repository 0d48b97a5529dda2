package catalog_test

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/kv"
	"aetherfs/internal/store"
)

// TestNodeLate: a store that answers too late is told of, and not asked for ever.
func TestNodeLate(t *testing.T) {
	inner := store.NewMemory()
	var asked atomic.Int64
	late := store.Faulty(inner, func(c store.Call) store.Fault {
		if c.Op != store.OpGet || !strings.Contains(c.Key, "/nodes/") || asked.Add(1) > 100 {
			return store.Fault{}
		}
		return store.Fault{Kind: store.FaultBefore, Err: context.DeadlineExceeded} // as of a connection that is not made in time
	})
	a, b := open(t, inner), open(t, late)
	one := create(t, a, "set")
	other := dataset(t, b, "set")
	if err := put(t.Context(), one, "x"); err != nil {
		t.Fatal(err)
	}
	if err := one.Fold(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := other.Sync(t.Context()); !errors.Is(err, context.DeadlineExceeded) || asked.Load() > 1 {
		t.Errorf("after %d requests: %v, want DeadlineExceeded after one", asked.Load(), err)
	}
}

// TestDamagedAnswers: one damaged answer is no damage, be it of a checkpoint or
// of a node.
func TestDamagedAnswers(t *testing.T) {
	for _, kind := range []string{"/checkpoints/", "/nodes/"} {
		t.Run(kind, func(t *testing.T) {
			var asked atomic.Int64
			inner := store.NewMemory()
			st := store.Faulty(inner, func(c store.Call) store.Fault {
				if c.Op != store.OpGet || !strings.Contains(c.Key, kind) || asked.Add(1) > 1 {
					return store.Fault{}
				}
				return store.Fault{Kind: store.FaultFlip, Bit: 999}
			})
			a, b := open(t, inner), open(t, st)
			one := create(t, a, "set")
			if kind == "/nodes/" {
				dataset(t, b, "set") // it follows the fold
			}
			if err := put(t.Context(), one, "x"); err != nil {
				t.Fatal(err)
			}
			if err := one.Fold(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			other := dataset(t, b, "set")
			if err := other.Sync(t.Context()); err != nil || !holds(t, other, "x") || asked.Load() != 2 {
				t.Errorf("after %d requests: %v", asked.Load(), err)
			}
		})
	}
}

// TestCheckpointOfDamagedAnswer: no checkpoint is made of a damaged answer, though
// nothing is kept on this machine.
func TestCheckpointOfDamagedAnswer(t *testing.T) {
	var asked atomic.Int64
	inner := store.NewMemory()
	st := store.Faulty(inner, func(c store.Call) store.Fault {
		if c.Op != store.OpGet || !strings.Contains(c.Key, "/nodes/") || asked.Add(1) != 2 {
			return store.Fault{} // the first is for the state
		}
		return store.Fault{Kind: store.FaultFlip, Bit: 999}
	})
	off := kv.Memory()
	off.Close()
	bytes, err := dedupe.Open(dedupe.Options{Store: inner})
	if err != nil {
		t.Fatal(err)
	}
	defer bytes.Close()
	a, err := catalog.Open(t.Context(), catalog.Options{Store: st, Embedder: bytes, Rand: rand.Reader, Now: time.Now, KV: off})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close(context.Background())
	d := create(t, a, "set")
	if err := put(t.Context(), d, "x"); err != nil {
		t.Fatal(err)
	}
	if err := d.Fold(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if !holds(t, dataset(t, open(t, inner), "set"), "x") || asked.Load() != 3 {
		t.Errorf("asked %d times for the root, want 3", asked.Load())
	}
}
