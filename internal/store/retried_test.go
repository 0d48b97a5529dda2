package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/store"
)

// TestRetriedAttempts: what is repeated, and how often, by request and error.
func TestRetriedAttempts(t *testing.T) {
	requests := map[string]struct {
		op  store.Op
		run func(ctx context.Context, s store.Store) error
	}{
		"get": {store.OpGet, func(ctx context.Context, s store.Store) error {
			_, _, err := s.Get(ctx, "k", store.Range{})
			return err
		}},
		"put": {store.OpPut, func(ctx context.Context, s store.Store) error {
			_, err := s.Put(ctx, "k", nil, store.Cond{})
			return err
		}},
		"create": {store.OpPut, func(ctx context.Context, s store.Store) error {
			_, err := s.Put(ctx, "k", nil, store.Cond{IfAbsent: true})
			return err
		}},
		"list": {store.OpList, func(ctx context.Context, s store.Store) error {
			for _, err := range s.List(ctx, "", "") {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		"delete": {store.OpDelete, func(ctx context.Context, s store.Store) error { return s.Delete(ctx, "k") }},
	}
	final := []error{
		store.ErrNotFound, store.ErrExists, store.ErrNoSpace, store.ErrPoisoned, store.ErrReadOnly, store.ErrBadKey, store.ErrRange,
		context.Canceled, context.DeadlineExceeded,
	}
	for name, r := range requests {
		for _, fail := range append(final, store.ErrInjected) {
			want := 3
			if name == "create" || !errors.Is(fail, store.ErrInjected) {
				want = 1
			}
			err := fmt.Errorf("wrapped: %w", fail)
			f := store.Faulty(store.NewMemory(), store.FaultFrom(r.op, 1, store.Fault{Kind: store.FaultBefore, Err: err}))
			s := store.Retried(f, store.RetryOptions{Attempts: 3, Sleep: func(context.Context, time.Duration) error { return nil }})
			if got := r.run(t.Context(), s); !errors.Is(got, fail) {
				t.Errorf("%s that fails with %v = %v", name, fail, got)
			}
			if got := f.Calls(r.op); got != want {
				t.Errorf("%s that fails with %v was tried %d times, want %d", name, fail, got, want)
			}
		}
		m := store.NewMemory()
		f := store.Faulty(m, store.FaultAt(r.op, 1, store.Fault{Kind: store.FaultAfter}))
		s := store.Retried(f, store.RetryOptions{Sleep: func(context.Context, time.Duration) error { return nil }})
		if _, err := m.Put(t.Context(), "k", nil, store.Cond{}); err != nil {
			t.Fatal(err)
		}
		if err := r.run(t.Context(), s); err != nil && name != "create" {
			t.Errorf("%s that fails once = %v, want nil", name, err)
		}
	}
}

// TestRetriedWaits: waits double up to a limit, less the jitter, which takes at
// most half; and a context ends them.
func TestRetriedWaits(t *testing.T) {
	always := store.FaultFrom(store.OpGet, 1, store.Fault{Kind: store.FaultBefore})
	for _, c := range []struct {
		jitter float64
		want   []time.Duration
	}{
		{0, []time.Duration{50, 100, 200, 250, 250}},
		{0.5, []time.Duration{75, 150, 300, 375, 375}},
	} {
		var waits []time.Duration
		s := store.Retried(store.Faulty(store.NewMemory(), always), store.RetryOptions{
			Attempts: 6, Base: 100 * time.Millisecond, Max: 500 * time.Millisecond,
			Jitter: func() float64 { return c.jitter },
			Sleep: func(_ context.Context, d time.Duration) error {
				waits = append(waits, d/time.Millisecond)
				return nil
			},
		})
		if _, _, err := s.Get(t.Context(), "k", store.Range{}); !errors.Is(err, store.ErrInjected) {
			t.Errorf("Get = %v, want the last failure", err)
		}
		if !slices.Equal(waits, c.want) {
			t.Errorf("jitter %v: waits of %d ms, want %d", c.jitter, waits, c.want)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		f := store.Faulty(store.NewMemory(), always)
		s := store.Retried(f, store.RetryOptions{Attempts: 1 << 30})
		start := time.Now()
		if _, _, err := s.Get(ctx, "k", store.Range{}); !errors.Is(err, store.ErrInjected) {
			t.Errorf("Get = %v, want the last failure", err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("Get gave up after %v, want at its deadline", took)
		}
		if n := f.Calls(store.OpGet); n < 30 || n > 70 {
			t.Errorf("%d attempts in a minute of waits of 1 to 2 s", n)
		}
	})
}

// TestRetriedList: a list that breaks off after each object is put together
// without gap or repeat.
func TestRetriedList(t *testing.T) {
	m := store.NewMemory()
	var want []string
	for i := range 20 {
		key := fmt.Sprintf("k%02d", i)
		want = append(want, key)
		if _, err := m.Put(t.Context(), key, nil, store.Cond{}); err != nil {
			t.Fatal(err)
		}
	}
	plan := func(c store.Call) store.Fault {
		if c.OpN%16 == 0 { // the one that finds no more
			return store.Fault{}
		}
		return store.Fault{Kind: store.FaultAfter}
	}
	s := store.Retried(store.Faulty(m, plan), store.RetryOptions{Attempts: 2, Sleep: func(context.Context, time.Duration) error { return nil }})
	list := s.List(t.Context(), "k", "k04")
	for range 2 {
		var got []string
		for info, err := range list {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, info.Key)
		}
		if !slices.Equal(got, want[5:]) {
			t.Errorf("List = %q, want %q", got, want[5:])
		}
	}
}
