package journal

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"aetherfs/internal/sabotage"
	"aetherfs/internal/store"
)

// fenceLife is how long a fence stands. Whoever has not looked at the log for
// so long asks for the newest checkpoint before believing that a slot is empty
// (invariant 3).
const fenceLife = 30 * 24 * time.Hour

// maxRetired bounds the slots that one call of Retire changes, and so the time
// it takes: 13 s of fences, and a minute of removals, 50 ms from the store.
const maxRetired = 1000

// fencesAtOnce is how many segments are replaced together: 80 a second 50 ms from
// the store, more than two gateways in a race write to a log. Where that is cut
// short, segments are left among the last so many fences.
const fencesAtOnce = 8

// RetireOptions says what of a log may go.
type RetireOptions struct {
	Prefix string   // of the slots' names, with a '/' at its end
	Owner  [16]byte // the dataset; zero: the hub

	// UpTo is the last slot that no state may need any more: a checkpoint
	// covers it, and has done so for long enough. Nothing above it is touched.
	UpTo uint64
	// Base of that checkpoint, at least UpTo. Fences name it.
	Base uint64

	Exclusive bool             // nobody else has the store open: no fences are needed
	Now       func() time.Time // for a store without a clock
}

// Retire replaces segments up to o.UpTo by fences, fencesAtOnce together, and
// removes fences that are old, one by one, both in ascending order and about
// maxRetired in a call at most. It returns
// how many slots it has changed; when that is zero nothing was left to do. It
// may be stopped anywhere, and several gateways may run it at once.
func Retire(ctx context.Context, st store.Store, o RetireOptions) (n int, err error) {
	if sabotage.On(sabotage.SlotsReused) {
		o.Exclusive = true
	}
	r := retirement{slots: slots{st, o.Prefix, o.Owner}, o: o}
	err = r.clear(ctx)
	if err == nil && !o.Exclusive {
		err = r.fence(ctx)
	}
	return r.changed, err
}

type retirement struct {
	slots
	o       RetireOptions
	changed int
	fenced  atomic.Int64 // by fenceSome, not yet in changed
}

// slot is one that is listed.
type slot struct {
	n     uint64
	fence bool // as its size tells
	info  store.Info
}

// listed yields the slots after n that may be retired.
func (r *retirement) listed(ctx context.Context, n uint64) iter.Seq2[slot, error] {
	return func(yield func(slot, error) bool) {
		for info, err := range r.st.List(ctx, r.o.Prefix, SlotKey(r.o.Prefix, n)) {
			if err != nil {
				yield(slot{}, fmt.Errorf("list %s: %w", r.o.Prefix, err))
				return
			}
			n, err := slotOf(r.o.Prefix, info.Key)
			if err != nil {
				yield(slot{}, err)
				return
			}
			if n > r.o.UpTo || r.changed >= maxRetired || !yield(slot{n, info.Size == int64(fenceBytes), info}, nil) {
				return
			}
		}
	}
}

// clear removes, from the first on, what need not stand any more: old fences,
// and in a store that nobody else has open segments too. A segment that it meets
// first gets a fence: it may be one that a writer of long ago put where a
// fence had been removed.
func (r *retirement) clear(ctx context.Context) error {
	for s, err := range r.listed(ctx, 0) {
		switch {
		case err != nil:
			return err
		case r.o.Exclusive:
		case !s.fence:
			return r.fenceSome(ctx, []slot{s})
		case r.age(s.info) <= fenceLife:
			return nil
		}
		if err := r.st.Delete(ctx, s.info.Key); err != nil {
			return fmt.Errorf("remove slot %d: %w", s.n, err)
		}
		r.changed++
	}
	return nil
}

func (r *retirement) age(info store.Info) time.Duration {
	now := info.Date
	if now.IsZero() {
		now = r.o.Now()
	}
	return now.Sub(info.Modified)
}

// fence replaces segments by fences, from those on that an earlier call that was
// cut short may have left.
func (r *retirement) fence(ctx context.Context) error {
	last, err := r.lastFence(ctx)
	if err != nil {
		return err
	}
	var some []slot
	for s, err := range r.listed(ctx, last-min(last, fencesAtOnce)) {
		if err != nil {
			return err
		}
		if !s.fence {
			some = append(some, s)
		}
		if len(some) == fencesAtOnce {
			if err := r.fenceSome(ctx, some); err != nil {
				return err
			}
			some = some[:0]
		}
	}
	return r.fenceSome(ctx, some)
}

// fenceSome replaces segments, at most fencesAtOnce, all at once.
func (r *retirement) fenceSome(ctx context.Context, some []slot) error {
	var all errgroup.Group
	for _, s := range some {
		all.Go(func() error { return r.fenceOne(ctx, s) })
	}
	err := all.Wait()
	r.changed += int(r.fenced.Swap(0))
	return err
}

func (r *retirement) fenceOne(ctx context.Context, s slot) error {
	f, err := r.look(ctx, s.n)
	switch {
	case err != nil:
		return err
	case f.damage != nil:
		return f.damage
	case f.seg == nil: // by another gateway, meanwhile
		return nil
	}
	fence := Fence{Owner: r.o.Owner, N: f.n, Sum: f.seg.Sum, Base: r.o.Base}
	if _, err := r.st.Put(ctx, s.info.Key, fence.Encode(), store.Cond{}); err != nil {
		return fmt.Errorf("fence slot %d: %w", f.n, err)
	}
	r.fenced.Add(1)
	return nil
}

// lastFence finds where the fences at the log's beginning end, up to UpTo, in as
// many requests as that number has binary digits; there may be millions of
// fences. Zero: there are none.
func (r *retirement) lastFence(ctx context.Context) (uint64, error) {
	low, high := uint64(0), r.o.UpTo // slots up to low are fences or gone
	for low < high {
		mid := low + (high-low)/2
		first, ok, err := r.first(ctx, mid)
		switch {
		case err != nil:
			return 0, err
		case ok && first.fence:
			low = first.n
		default:
			high = mid
		}
	}
	return low, nil
}

// first is the first slot after n.
func (r *retirement) first(ctx context.Context, n uint64) (slot, bool, error) {
	for s, err := range r.listed(ctx, n) {
		return s, err == nil, err
	}
	return slot{}, false, nil
}
