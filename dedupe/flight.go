package dedupe

import (
	"context"
	"io"
	"sync"
)

// Requests of a flight. The first is short, for a short time to the first byte,
// and each is twice as long as the one before: up to maxFetchBytes, or to a
// fair share of the memory for reading ahead where many files are read. With
// the rest of the frame that it ends in, the longest is of 4 MiB, as pooled
// memory comes.
const (
	firstFetchBytes = 256 << 10
	maxFetchBytes   = 4<<20 - frameBytes
)

// flight is the requests for consecutive bytes of a file. Its memory is taken
// before a request is made, and waited for only while it has none.
type flight struct {
	r      *Reader
	ctx    context.Context
	cancel context.CancelFunc

	off, end int64 // of the file: what is not yet planned; the planner's once it runs
	size     int64 // of the last request
	scouts   scouts
	window   window
	ahead    chan *request // planned and not yet handed out; nil until there is a planner
	planner  sync.WaitGroup
}

func newFlight(r *Reader, off, end int64) *flight {
	f := &flight{r: r, off: off, end: end}
	f.ctx, f.cancel = context.WithCancel(r.ctx)
	f.window.e = r.e
	return f
}

// next returns the next request, which the caller awaits, and lets leave the
// window when it is done with it; io.EOF if there is none. It makes the first
// one itself and, if there is more to come, starts the planner.
func (f *flight) next() (*request, error) {
	if f.ahead != nil {
		q, ok := <-f.ahead
		if !ok {
			return nil, f.ended()
		}
		f.window.await(q)
		f.window.handOut(q)
		return q, nil
	}
	if f.off >= f.end {
		return nil, io.EOF
	}
	q := f.plan()
	if err := f.window.enter(f.ctx, q); err != nil {
		return nil, err
	}
	f.window.handOut(q)
	if f.off < f.end {
		f.r.e.downloads.Add(1)
		f.window.open()
		f.ahead = make(chan *request, mostUnder-1)
		f.planner.Go(f.planAhead)
	}
	q.run(f.ctx)
	return q, nil
}

// ended is why there are no more requests.
func (f *flight) ended() error {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	return io.EOF
}

// planAhead makes requests, each of which is fetched beside the others, until
// all is asked for or the flight is stopped.
func (f *flight) planAhead() {
	defer close(f.ahead)
	for f.off < f.end {
		q := f.plan()
		if f.window.enter(f.ctx, q) != nil {
			return
		}
		f.planner.Go(func() { q.run(f.ctx) })
		select {
		case f.ahead <- q:
		case <-f.ctx.Done():
			f.abandon(q)
			return
		}
	}
}

// stop ends the requests that were not handed out and waits for them.
func (f *flight) stop() {
	f.cancel()
	if f.ahead != nil {
		for q := range f.ahead {
			f.abandon(q)
		}
		f.r.e.downloads.Add(-1)
	}
	f.planner.Wait()
}

// abandon waits for q and lets its frames go.
func (f *flight) abandon(q *request) {
	<-q.done
	releaseAll(q.frames)
	f.window.handOut(q)
	f.window.leave(q)
}
