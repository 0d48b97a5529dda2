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

// window bounds the requests of a download that are planned and not yet handed
// out, by their plain bytes. The planner enters them, the reader does the rest.
type window struct {
	e     *Engine
	moved chan struct{} // has a token after more room was made

	mu    sync.Mutex
	limit int64 // guarded by mu
	used  int64 // guarded by mu
}

func (w *window) open(e *Engine) {
	w.e, w.moved, w.limit = e, make(chan struct{}, 1), firstAhead
}

// aheadBytes is the longest window now: a fair share of the memory.
func (e *Engine) aheadBytes() int64 {
	share := e.o.CacheBytes / 2 / int64(max(e.downloads.Load(), 1))
	return min(max(share, leastAhead), mostAhead)
}

// enter waits for room for q, or until nothing else is there; false if ctx has
// ended.
func (w *window) enter(ctx context.Context, q *request) bool {
	for !w.tryEnter(q.hi - q.lo) {
		select {
		case <-w.moved:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func (w *window) tryEnter(n int64) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.used > 0 && w.used+n > min(w.limit, w.e.aheadBytes()) {
		return false
	}
	w.used += n
	return true
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

// leave makes room where q was.
func (w *window) leave(q *request) { w.change(func() { w.used -= q.hi - q.lo }) }

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
