package dedupe

import (
	"container/list"
	"context"
	"sync"

	"aetherfs/internal/memory"
)

// resting are the downloads whose readers are busy elsewhere, with a client
// that takes its time, or for ever. What they hold serves nobody now, so they
// lose it, who rests longest first, when others wait for memory.
type resting struct {
	mu        sync.Mutex
	downloads list.List // of *download, who rests longest first; guarded by mu
	wanted    int64     // bytes that are waited for; guarded by mu
}

// take takes n bytes of b, for which it waits in line, while those that rest
// yield.
func (rs *resting) take(ctx context.Context, b *memory.Budget, n int64) (int64, error) {
	rs.want(n)
	defer rs.want(-n)
	return b.Take(ctx, n)
}

func (rs *resting) want(n int64) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.wanted += n
	rs.yield()
}

// yield has so many yield as hold what is wanted, or all. rs.mu is held.
func (rs *resting) yield() {
	for got := int64(0); got < rs.wanted; {
		first := rs.downloads.Front()
		if first == nil {
			return
		}
		d := rs.downloads.Remove(first).(*download)
		d.place = nil
		got += d.held()
		d.yielding.Go(d.yield)
	}
}

// rest is called when d's reader turns elsewhere.
func (d *download) rest() {
	if d.flight == nil {
		return
	}
	rs := &d.r.e.resting
	rs.mu.Lock()
	defer rs.mu.Unlock()
	d.place = rs.downloads.PushBack(d)
	rs.yield()
}

// wake is called when d's reader is back. It waits until d has yielded, if it
// was told to.
func (d *download) wake() {
	rs := &d.r.e.resting
	rs.mu.Lock()
	if d.place != nil {
		rs.downloads.Remove(d.place)
		d.place = nil
	}
	rs.mu.Unlock()
	d.yielding.Wait()
}

// held is the memory that d would yield, in bytes.
func (d *download) held() int64 {
	w := &d.flight.window
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.held
}
