// Package memory divides a limit of memory among those who need some for a
// while, and lets whoever comes when it is used up wait in line.
//
//  1. What is taken and not given back is never more than the limit.
//  2. Take is served in order of arrival, so nobody waits for ever: a large
//     request is not overtaken by small ones.
//  3. Nobody waits while holding some: who holds may only try to take more, and
//     trying fails while others wait. But what is taken of a part has its place
//     in the part before it waits for the whole; nobody who holds some of the
//     whole waits for a part. So no two wait for each other.
package memory

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// Budget is a limit of memory and what is taken of it. Its methods may be
// called concurrently.
type Budget struct {
	limit   int64
	whole   *Budget // of which this is a part, or nil
	free    *semaphore.Weighted
	used    atomic.Int64
	waiting atomic.Int64
}

// NewBudget returns one of limit bytes, of which nothing is taken.
func NewBudget(limit int64) *Budget {
	return &Budget{limit: limit, free: semaphore.NewWeighted(limit)}
}

// Part returns a budget of limit bytes, which are not more than b's: what is taken
// of it is taken of b too, and the rest of b stays for others. A part has no parts.
func (b *Budget) Part(limit int64) *Budget {
	p := NewBudget(limit)
	p.whole = b
	return p
}

// Limit is all there is, in bytes.
func (b *Budget) Limit() int64 { return b.limit }

// Take waits for n bytes, or for all there are if n is more, and returns how
// many it took, which the caller gives back. Who holds some of b must not call
// it. It fails with ctx alone, and has taken nothing then.
func (b *Budget) Take(ctx context.Context, n int64) (int64, error) {
	n = min(n, b.limit)
	if b.TryTake(n) {
		return n, nil
	}
	if err := b.wait(ctx, n); err != nil {
		return 0, err
	}
	if b.whole != nil {
		if _, err := b.whole.Take(ctx, n); err != nil {
			b.free.Release(n)
			return 0, err
		}
	}
	b.used.Add(n)
	return n, nil
}

// wait waits for n bytes of b alone, be it a part or not.
func (b *Budget) wait(ctx context.Context, n int64) error {
	b.waiting.Add(1)
	defer b.waiting.Add(-1)
	return b.free.Acquire(ctx, n)
}

// TryTake takes n bytes if they are free and nobody waits, and reports whether
// it did.
func (b *Budget) TryTake(n int64) bool {
	if !b.free.TryAcquire(n) {
		return false
	}
	if b.whole != nil && !b.whole.TryTake(n) {
		b.free.Release(n)
		return false
	}
	b.used.Add(n)
	return true
}

// Give gives n bytes back, all or some of those that were taken.
func (b *Budget) Give(n int64) {
	if b.whole != nil {
		b.whole.Give(n)
	}
	b.used.Add(-n)
	b.free.Release(n)
}

// Wanted reports whether somebody waits for what is taken of b.
func (b *Budget) Wanted() bool {
	return b.waiting.Load() > 0 || b.whole != nil && b.whole.Wanted()
}

// Usage is how a budget stands.
type Usage struct {
	Limit   int64 // bytes
	Used    int64 // bytes
	Waiting int64 // callers of Take, but for those that wait for a part
}

// Usage tells how b stands, about: it does not stop the others.
func (b *Budget) Usage() Usage {
	return Usage{Limit: b.limit, Used: b.used.Load(), Waiting: b.waiting.Load()}
}
