package dedupe

import (
	"context"
	"sync"
	"time"
)

// How much of a file is asked for ahead of its reader. The window grows while
// the reader has to wait, to what the network takes under way: a store 20 ms
// away that sends 1 GB/s needs 20 MB.
const (
	leastAhead = 4 * firstFetchBytes // of a window that has to share
	firstAhead = 4 << 20             // of a new one, bytes
	mostAhead  = 64 << 20            // bytes
	mostUnder  = 32                  // requests

	// longWait is for how long a reader waits that has too little under way. A
	// request to this machine's disk is answered sooner.
	longWait = 5 * time.Millisecond
)

// window bounds the requests of a flight that are planned and not yet handed
// out, by their plain bytes, and holds the memory of all. The planner enters
// them, the reader does the rest.
type window struct {
	e     *Engine
	moved chan struct{} // has a token after more room was made; nil until there is a planner

	mu    sync.Mutex
	limit int64 // guarded by mu
	used  int64 // planned and not yet handed out; guarded by mu
	held  int64 // of Engine.reads; guarded by mu
}

// open prepares w for more than the first request.
func (w *window) open() { w.moved, w.limit = make(chan struct{}, 1), firstAhead }

// aheadBytes is the longest window now: a fair share of the memory.
func (e *Engine) aheadBytes() int64 {
	share := e.reads.Limit() / 4 * 3 / int64(max(e.downloads.Load(), 1))
	return min(max(share, leastAhead), mostAhead)
}

// enter takes the memory of q. Where w has none it waits for it in line, else
// for room and luck. It fails with ctx alone.
func (w *window) enter(ctx context.Context, q *request) error {
	n := q.memory()
	for {
		entered, empty := w.tryEnter(q, n)
		if entered {
			return nil
		}
		if empty {
			return w.waitInLine(ctx, q, n)
		}
		select {
		case <-w.moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tryEnter takes n bytes for q, if there is room and memory, or else tells
// whether w has none.
func (w *window) tryEnter(q *request, n int64) (entered, empty bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	plain := q.hi - q.lo
	if w.used > 0 && w.used+plain > min(w.limit, w.e.aheadBytes()) || !w.e.reads.TryTake(n) {
		return false, w.held == 0
	}
	q.taken = n
	w.used += plain
	w.held += n
	return true, false
}

// waitInLine takes n bytes for q, of a window that has none.
func (w *window) waitInLine(ctx context.Context, q *request, n int64) error {
	n, err := w.e.resting.take(ctx, w.e.reads, n)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	q.taken = n
	w.used += q.hi - q.lo
	w.held += n
	return nil
}

// change has f make room.
func (w *window) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
	select {
	case w.moved <- struct{}{}:
	default:
	}
}

// handOut makes room where q was.
func (w *window) handOut(q *request) { w.change(func() { w.used -= q.hi - q.lo }) }

// leave gives the memory of q back.
func (w *window) leave(q *request) {
	w.e.reads.Give(q.taken)
	w.change(func() { w.held -= q.taken })
}

// await waits for q. If that takes long, the window doubles.
func (w *window) await(q *request) {
	long := time.NewTimer(longWait)
	defer long.Stop()
	select {
	case <-q.done:
		return
	case <-long.C:
		w.change(func() { w.limit = min(2*w.limit, mostAhead) })
	}
	<-q.done
}
