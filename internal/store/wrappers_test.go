package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/store"
	"aetherfs/internal/store/storetest"
)

// seen is an Observer that keeps what it is told.
type seen []observation

type observation struct {
	op    store.Op
	bytes int64
	took  time.Duration
	err   error
}

func (s *seen) Observe(op store.Op, bytes int64, took time.Duration, err error) {
	*s = append(*s, observation{op, bytes, took, err})
}

// deaf is an Observer for the suite, which calls from many goroutines.
type deaf struct{}

func (deaf) Observe(store.Op, int64, time.Duration, error) {}

func TestObservedStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store {
		return store.Observed(store.NewMemory(), deaf{}, nil)
	})
}

func TestRetriedStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store {
		return store.Retried(store.NewMemory(), store.RetryOptions{})
	})
}

func TestFaultyStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store {
		return store.Faulty(store.NewMemory(), store.NoFaults)
	})
}

// TestRetriedFaultyStore: over a store whose reads fail now and then, retried
// keeps the contract.
func TestRetriedFaultyStore(t *testing.T) {
	now := func(context.Context, time.Duration) error { return nil }
	storetest.Run(t, func(*testing.T) store.Store {
		faults := store.Seeded(1, 0.2)
		plan := func(c store.Call) store.Fault {
			fault := faults(c)
			if c.Op == store.OpPut || fault.Kind == store.FaultLate {
				return store.Fault{} // its outcome is not the retrier's to settle
			}
			return fault
		}
		return store.Retried(store.Faulty(store.NewMemory(), plan), store.RetryOptions{Attempts: 20, Sleep: now})
	})
}

// TestObserved: one call a request, with its size, its time and its error.
func TestObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		var got seen
		slow := func(store.Call) store.Fault { return store.Fault{Kind: store.FaultSlow, Delay: time.Second} }
		s := store.Observed(store.Faulty(store.NewMemory(), slow), &got, time.Now)
		_, _ = s.Put(ctx, "k", []byte("12345"), store.Cond{IfAbsent: true})
		_, exists := s.Put(ctx, "k", []byte("12345"), store.Cond{IfAbsent: true})
		_, _, _ = s.Get(ctx, "k", store.Range{Off: 3})
		_, _, missing := s.Get(ctx, "absent", store.Range{})
		for _, err := range s.List(ctx, "", "") {
			if err != nil {
				t.Error(err)
			}
			break // the caller had enough
		}
		_ = s.Delete(ctx, "k")
		want := seen{
			{store.OpPut, 5, time.Second, nil},
			{store.OpPut, 5, time.Second, exists},
			{store.OpGet, 2, time.Second, nil},
			{store.OpGet, 0, time.Second, missing},
			{store.OpList, 0, time.Second, nil},
			{store.OpDelete, 0, time.Second, nil},
		}
		if !slices.Equal(got, want) {
			t.Errorf("observed %v, want %v", got, want)
		}
	})
}

// TestObservedList: the error that ends a list is told.
func TestObservedList(t *testing.T) {
	var got seen
	f := store.Faulty(store.NewMemory(), store.FaultFrom(store.OpList, 1, store.Fault{Kind: store.FaultBefore}))
	for _, err := range store.Observed(f, &got, nil).List(t.Context(), "", "") {
		if !errors.Is(err, store.ErrInjected) {
			t.Errorf("List = %v, want ErrInjected", err)
		}
	}
	if len(got) != 1 || got[0].op != store.OpList || !errors.Is(got[0].err, store.ErrInjected) {
		t.Errorf("observed %v, want one list with its error", got)
	}
}

func TestOps(t *testing.T) {
	var names []string
	for _, op := range store.Ops() {
		names = append(names, op.String())
	}
	if want := []string{"get", "put", "list", "delete"}; !slices.Equal(names, want) {
		t.Errorf("ops are %q, want %q", names, want)
	}
}
