package catalog_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

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
