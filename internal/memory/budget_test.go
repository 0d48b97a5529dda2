package memory_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"aetherfs/internal/memory"
)

// job takes of a budget, or of its part, tries to take more, holds it all and
// gives it back. Times are milliseconds.
type job struct {
	at, n, more, hold, patience int64
	ofPart                      bool
}

var jobs = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) job {
	number := func(most int64, name string) int64 { return rapid.Int64Range(0, most).Draw(t, name) }
	return job{
		at: number(50, "at"), n: number(150, "n"), more: number(50, "more"), hold: number(50, "hold"),
		patience: rapid.SampledFrom([]int64{10, 100, 1 << 20}).Draw(t, "patience"), ofPart: rapid.Bool().Draw(t, "of the part"),
	}
}), 1, 30)

// held is what is taken of a budget.
type held struct {
	*memory.Budget
	n atomic.Int64
}

func (h *held) add(t *testing.T, n int64) {
	if now := h.n.Add(n); now > h.Limit() {
		t.Errorf("%d bytes are held, want at most %d", now, h.Limit())
	}
}

// do does j with of. What it takes counts for all: of and, of a part, the whole.
func (j job) do(t *testing.T, of *held, all ...*held) {
	time.Sleep(time.Duration(j.at) * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(j.patience)*time.Millisecond)
	defer cancel()
	n, err := of.Take(ctx, j.n)
	if err != nil {
		if !errors.Is(err, context.DeadlineExceeded) || j.patience == 1<<20 {
			t.Errorf("Take(%d) with patience for %d ms: %v", j.n, j.patience, err)
		}
		return
	}
	if want := min(j.n, of.Limit()); n != want {
		t.Errorf("Take(%d) of %d = %d, want %d", j.n, of.Limit(), n, want)
	}
	if of.TryTake(j.more) {
		n += j.more
	}
	for _, h := range all {
		h.add(t, n)
	}
	time.Sleep(time.Duration(j.hold) * time.Millisecond)
	for _, h := range all {
		h.add(t, -n)
	}
	of.Give(n)
}

// TestLimit has many take, of the whole or of a part of it, hold, grow and give
// up in virtual time: never is more held than the limits, everybody who waits
// long enough is served, and at the end all is free.
func TestLimit(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.Int64Range(1, 100).Draw(rt, "limit")
		partLimit := rapid.Int64Range(1, limit).Draw(rt, "limit of the part")
		jobs := jobs.Draw(rt, "jobs")
		synctest.Test(t, func(t *testing.T) {
			whole := &held{Budget: memory.NewBudget(limit)}
			part := &held{Budget: whole.Part(partLimit)}
			for _, j := range jobs {
				if j.ofPart {
					go j.do(t, part, part, whole)
				} else {
					go j.do(t, whole, whole)
				}
			}
			time.Sleep(1 << 20 * time.Millisecond)
			synctest.Wait()
			for _, b := range []*held{whole, part} {
				if u := b.Usage(); u != (memory.Usage{Limit: b.Limit()}) || b.Wanted() {
					t.Errorf("at the end %+v, want nothing used and nobody waiting", u)
				}
			}
			if !part.TryTake(partLimit) || !whole.TryTake(limit-partLimit) {
				t.Error("at the end not all is free")
			}
		})
	})
}

// TestOrder: who came first is served first, also if it wants more.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.NewBudget(10)
		if !b.TryTake(6) {
			t.Fatal("nothing to be had of an unused budget")
		}
		var order []int64
		for _, n := range []int64{8, 5, 7} {
			go func() {
				if _, err := b.Take(t.Context(), n); err != nil {
					t.Error(err)
				}
				order = append(order, n)
			}()
			synctest.Wait()
		}
		if b.TryTake(1) {
			t.Error("TryTake overtakes those who wait")
		}
		if u := b.Usage(); u.Waiting != 3 {
			t.Errorf("%d wait, want 3", u.Waiting)
		}
		for _, give := range []int64{6, 8, 5} {
			b.Give(give)
			synctest.Wait()
		}
		if want := []int64{8, 5, 7}; !slices.Equal(order, want) {
			t.Errorf("served in the order %v, want %v", order, want)
		}
	})
}

// TestCancel: one that gives up lets those behind it through.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.NewBudget(10)
		b.TryTake(6)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			if _, err := b.Take(ctx, 8); !errors.Is(err, context.Canceled) {
				t.Errorf("Take that was given up = %v", err)
			}
		}()
		synctest.Wait()
		behind := false
		go func() {
			_, err := b.Take(t.Context(), 3)
			behind = err == nil
		}()
		synctest.Wait()
		if behind {
			t.Error("the second overtook the first")
		}
		cancel()
		synctest.Wait()
		if !behind {
			t.Error("the second still waits when the first has given up")
		}
	})
}

// TestPart: what a part leaves is there for others while many wait for the part, and
// who waits for the whole wants what is taken of the part.
func TestPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := memory.NewBudget(10)
		part := b.Part(8)
		if !part.TryTake(8) {
			t.Fatal("nothing to be had of an unused part")
		}
		go func() { _, _ = part.Take(t.Context(), 8) }()
		synctest.Wait()
		if b.Wanted() || !part.Wanted() {
			t.Errorf("while one waits for the part, it is wanted: %t, the whole: %t", part.Wanted(), b.Wanted())
		}
		if !b.TryTake(2) {
			t.Fatal("who waits for the part stands in the way of the rest")
		}
		go func() { _, _ = b.Take(t.Context(), 2) }()
		synctest.Wait()
		if !b.Wanted() || !part.Wanted() {
			t.Errorf("while one waits for the whole, it is wanted: %t, the part: %t", b.Wanted(), part.Wanted())
		}
		part.Give(8)
		synctest.Wait()
		if got := b.Usage(); got.Used != 4 || got.Waiting != 1 {
			t.Errorf("with two for the next of the whole: %+v, want 4 bytes used and one waiting, of the part", got)
		}
		b.Give(2)
		b.Give(2)
		synctest.Wait()
		if got := part.Usage(); got.Used != 8 || part.Wanted() {
			t.Errorf("at the end of the part %+v, want 8 bytes used and nobody waiting", got)
		}
	})
}
