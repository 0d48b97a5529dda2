package store_test

import (
	"bytes"
	"context"
	"errors"
	"math/bits"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/store"
)

// planned returns a faulty store over m whose one request of a kind goes wrong.
func planned(m store.Store, op store.Op, fault store.Fault) *store.FaultyStore {
	return store.Faulty(m, store.FaultAt(op, 1, fault))
}

func has(t *testing.T, s store.Store, key string) bool {
	t.Helper()
	_, _, err := s.Get(t.Context(), key, store.Range{})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// TestFaultEffects: whether a Put and a Delete that fail are done, and when.
func TestFaultEffects(t *testing.T) {
	odd := errors.New("odd")
	for _, c := range []struct {
		fault      store.Fault
		now, later bool // done when it fails; done two requests later
	}{
		{store.Fault{Kind: store.FaultBefore, Err: odd}, false, false},
		{store.Fault{Kind: store.FaultAfter, Err: odd}, true, true},
		{store.Fault{Kind: store.FaultLate, Err: odd, Calls: 2}, false, true},
	} {
		m := store.NewMemory()
		f := planned(m, store.OpPut, c.fault)
		data := []byte("x")
		if _, err := f.Put(t.Context(), "k", data, store.Cond{IfAbsent: true}); !errors.Is(err, odd) {
			t.Errorf("%+v: Put = %v", c.fault, err)
		}
		clear(data)
		if got := has(t, m, "k"); got != c.now {
			t.Errorf("%+v: put when it failed: %t", c.fault, got)
		}
		if got := has(t, f, "k"); got != c.now {
			t.Errorf("%+v: put one request later: %t", c.fault, got)
		}
		if got := has(t, f, "k"); got != c.later {
			t.Errorf("%+v: put two requests later: %t", c.fault, got)
		}
		if got, _, err := m.Get(t.Context(), "k", store.Range{}); err == nil && string(got) != "x" {
			t.Errorf("%+v: put %q, want the bytes it was given", c.fault, got)
		}

		if _, err := m.Put(t.Context(), "d", nil, store.Cond{}); err != nil {
			t.Fatal(err)
		}
		f = planned(m, store.OpDelete, c.fault)
		if err := f.Delete(t.Context(), "d"); !errors.Is(err, odd) {
			t.Errorf("%+v: Delete = %v", c.fault, err)
		}
		if got := !has(t, m, "d"); got != c.now {
			t.Errorf("%+v: deleted when it failed: %t", c.fault, got)
		}
		f.Settle()
		if got := !has(t, m, "d"); got != c.later {
			t.Errorf("%+v: deleted in the end: %t", c.fault, got)
		}
	}
}

// TestFaultReads: a Get that comes back short or with a flipped bit says
// nothing; the store keeps what it has.
func TestFaultReads(t *testing.T) {
	m := store.NewMemory()
	want := []byte("0123456789")
	if _, err := m.Put(t.Context(), "k", want, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	short, _, err := planned(m, store.OpGet, store.Fault{Kind: store.FaultShort}).Get(t.Context(), "k", store.Range{})
	if err != nil || string(short) != "01234" {
		t.Errorf("short Get = %q, %v", short, err)
	}
	for bit := range uint64(100) {
		flipped, _, err := planned(m, store.OpGet, store.Fault{Kind: store.FaultFlip, Bit: bit}).Get(t.Context(), "k", store.Range{})
		if err != nil || len(flipped) != len(want) || distance(flipped, want) != 1 {
			t.Errorf("flipped Get = %q, %v, want one bit wrong", flipped, err)
		}
	}
	if _, _, err := planned(m, store.OpGet, store.Fault{Kind: store.FaultAfter}).Get(t.Context(), "k", store.Range{}); !errors.Is(err, store.ErrInjected) {
		t.Errorf("Get that fails after = %v, want ErrInjected", err)
	}
	if got, _, err := m.Get(t.Context(), "k", store.Range{}); err != nil || !bytes.Equal(got, want) {
		t.Errorf("Get of the store below = %q, %v", got, err)
	}
}

// distance is the number of bits in which a and b, of one length, differ.
func distance(a, b []byte) int {
	n := 0
	for i := range a {
		n += bits.OnesCount8(a[i] ^ b[i])
	}
	return n
}

// TestFaultSlow: a slow request takes its time and is done, unless its context
// ends first.
func TestFaultSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := store.NewMemory()
		slow := store.Fault{Kind: store.FaultSlow, Delay: time.Hour}
		start := time.Now()
		if _, err := planned(m, store.OpPut, slow).Put(t.Context(), "k", nil, store.Cond{}); err != nil {
			t.Errorf("slow Put = %v", err)
		}
		if took := time.Since(start); took != time.Hour {
			t.Errorf("slow Put took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := planned(m, store.OpDelete, slow).Delete(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("slow Delete with a deadline = %v", err)
		}
		if !has(t, m, "k") {
			t.Error("a Delete that was given up was done")
		}
	})
}

// TestPlans: which requests a plan fails, and that they are counted.
func TestPlans(t *testing.T) {
	before := store.Fault{Kind: store.FaultBefore}
	for _, c := range []struct {
		plan store.Plan
		want []bool // failed, by request
	}{
		{store.NoFaults, []bool{false, false, false, false}},
		{store.FaultAt(store.OpDelete, 2, before), []bool{false, true, false, false}},
		{store.FaultFrom(store.OpDelete, 3, before), []bool{false, false, true, true}},
		{store.FaultFrom(store.OpGet, 1, before), []bool{false, false, false, false}},
	} {
		f := store.Faulty(store.NewMemory(), c.plan)
		var got []bool
		for range c.want {
			_, _ = f.Put(t.Context(), "k", nil, store.Cond{})
			got = append(got, f.Delete(t.Context(), "k") != nil)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("requests failed: %v, want %v", got, c.want)
		}
		if n := f.Calls(store.OpDelete); n != len(c.want) {
			t.Errorf("%d deletes counted, want %d", n, len(c.want))
		}
	}
}

// TestSeeded: a seed gives the same faults again, about as many as asked for,
// of each kind that a caller is told of.
func TestSeeded(t *testing.T) {
	a, b := store.Seeded(7, 0.25), store.Seeded(7, 0.25)
	kinds := map[store.FaultKind]int{}
	for n := range 4000 {
		fault := a(store.Call{N: n})
		if fault != b(store.Call{N: n}) {
			t.Fatalf("request %d: two plans of one seed differ", n)
		}
		kinds[fault.Kind]++
	}
	failed := kinds[store.FaultBefore] + kinds[store.FaultAfter] + kinds[store.FaultLate]
	if failed < 900 || failed > 1100 || len(kinds) != 4 {
		t.Errorf("seed 7: faults by kind %v of 4,000 requests, want 1,000 of three kinds", kinds)
	}
}
