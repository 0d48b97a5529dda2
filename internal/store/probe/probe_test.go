package probe_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/store"
	"aetherfs/internal/store/dirstore"
	"aetherfs/internal/store/probe"
	"aetherfs/internal/store/versitytest"
)

func run(t *testing.T, s store.Store, quick bool) (probe.Report, error) {
	t.Helper()
	return probe.Probe(t.Context(), s, probe.Options{Rand: rand.Reader, Quick: quick})
}

// TestGoodStores: what keeps the contract passes, and nothing is left in it.
func TestGoodStores(t *testing.T) {
	for name, open := range map[string]func(t *testing.T) store.Store{
		"memory": func(*testing.T) store.Store { return store.NewMemory() },
		"dirstore": func(t *testing.T) store.Store {
			s, err := dirstore.Open(t.TempDir(), dirstore.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s
		},
		"versitygw": func(t *testing.T) store.Store {
			return store.Retried(versitytest.Start(t).Store(t, "bucket"), store.RetryOptions{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			for _, quick := range []bool{true, false} {
				r, err := run(t, s, quick)
				if err != nil || !r.Writable() {
					t.Fatalf("quick %t: not writable: %s, %v", quick, r.Why(), err)
				}
				for _, c := range r.Checks {
					if !c.Passed {
						t.Errorf("quick %t: %s: %s", quick, c.Tried, c.Found)
					}
				}
			}
			for info, err := range s.List(t.Context(), "", "") {
				t.Errorf("the probe leaves %s, %v", info.Key, err)
			}
		})
	}
}

// TestBadStores: each is found out, by the check that is for it.
func TestBadStores(t *testing.T) {
	for name, c := range badStores {
		for _, quick := range []bool{true, false} {
			if quick && !c.quick {
				continue
			}
			t.Run(fmt.Sprintf("%s, quick %t", name, quick), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := store.NewMemory()
					b := c.make(m)
					b.Store = m
					expectWhy(t, b, quick, c.tried)
				})
			})
		}
	}
}

func expectWhy(t *testing.T, s store.Store, quick bool, tried string) {
	t.Helper()
	r, err := run(t, s, quick)
	if err != nil {
		t.Fatal(err)
	}
	if r.Writable() || !strings.Contains(r.Why(), tried+": ") {
		t.Errorf("why not writable: %q, want it of %q", r.Why(), tried)
	}
	for _, check := range r.Checks {
		if check.Found == "" || check.Follows == "" {
			t.Errorf("the check %q does not say what was found or what follows: %+v", check.Tried, check)
		}
	}
}

// TestSkew: a clock that is off is told, and writing goes on.
func TestSkew(t *testing.T) {
	m := store.NewMemory()
	m.Now = func() time.Time { return time.Now().Add(time.Hour) }
	r, err := run(t, m, true)
	if err != nil || !r.Writable() {
		t.Fatalf("not writable: %s, %v", r.Why(), err)
	}
	if last := r.Checks[len(r.Checks)-1]; last.Passed || !strings.Contains(last.Found, "1h0m0s") {
		t.Errorf("clocks an hour apart: %+v", last)
	}
}

// TestUnknownOutcomes: answers that tell nothing are no proof against a store.
func TestUnknownOutcomes(t *testing.T) {
	var calls atomic.Int64
	m := store.NewMemory()
	b := &bad{Store: m, put: func(ctx context.Context, key string, data []byte, c store.Cond) (store.Info, error) {
		switch info, err := m.Put(ctx, key, data, c); {
		case c.IfAbsent && calls.Add(1)%3 == 1:
			return store.Info{}, store.ErrInjected
		default:
			return info, err
		}
	}}
	if r, err := run(t, b, true); err != nil || !r.Writable() {
		t.Errorf("with a third of unknown outcomes: %s, %v", r.Why(), err)
	}
}

// TestDownIsNoFinding: a store that does not answer is not called unfit.
func TestDownIsNoFinding(t *testing.T) {
	for op := range store.Ops() {
		f := store.Faulty(store.NewMemory(), store.FaultFrom(store.Ops()[op], 1, store.Fault{Kind: store.FaultBefore}))
		if r, err := run(t, f, true); !errors.Is(err, store.ErrInjected) {
			t.Errorf("a store whose %v fails: %+v, %v, want that error", store.Ops()[op], r, err)
		}
	}
	m := store.NewMemory()
	var down atomic.Bool
	b := &bad{Store: m, get: func(ctx context.Context, key string, r store.Range) ([]byte, store.Info, error) {
		if r.Off > 0 {
			down.Store(true)
		}
		if down.Load() {
			return nil, store.Info{}, store.ErrInjected
		}
		return m.Get(ctx, key, r)
	}}
	if r, err := run(t, b, false); !errors.Is(err, store.ErrInjected) {
		t.Errorf("a store that fails while ranges are read: %+v, %v, want that error", r, err)
	}
}

// TestRepeatedCreates: where something between repeats a create, the one who
// won may be told that the object exists.
func TestRepeatedCreates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var creates atomic.Int64
		m := store.NewMemory()
		b := &bad{Store: m, put: func(ctx context.Context, key string, data []byte, c store.Cond) (store.Info, error) {
			info, err := m.Put(ctx, key, data, c)
			if c.IfAbsent && err == nil && creates.Add(1)%2 == 1 {
				return info, store.ErrExists
			}
			return info, err
		}}
		for _, quick := range []bool{true, false} {
			if r, err := run(t, b, quick); err != nil || !r.Writable() {
				t.Errorf("quick %t: not writable: %s, %v", quick, r.Why(), err)
			}
		}
	})
}

// TestQuickIsQuick: at the start of a gateway every round trip counts.
func TestQuickIsQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &trips{Store: store.NewMemory()}
		if r, err := run(t, s, true); err != nil || !r.Writable() {
			t.Fatalf("not writable: %s, %v", r.Why(), err)
		}
		if s.n > 12 {
			t.Errorf("%d round trips, want at most 12", s.n)
		}
	})
}
