package auth

import (
	"context"
	"errors"
	"sync"
	"time"
)

// maxWaiting bounds the requests that wait for one run of latest.
const maxWaiting = 1000

// maxRun is how long a run may take: it is a request or two to the store.
const maxRun = 10 * time.Second

var errCrowded = errors.New("too many requests wait for it")

// latest brings something up to date for all who ask, together, and begins no
// more often than once in every. One who asks is answered by a run that began
// afterwards, so that what was there before it asked is seen.
type latest struct {
	run   func(context.Context) error
	every time.Duration
	now   func() time.Time

	mu     sync.Mutex
	coming *turn // has not begun, and may be joined; guarded by mu
	begun  *turn // the newest that has; guarded by mu
}

// turn is one run. What is below done is set when that is closed.
type turn struct {
	joined int           // guarded by latest.mu
	before *turn         // whose end it awaits; nil: none. Cleared when it begins
	done   chan struct{} // closed at the end
	began  time.Time
	err    error
}

// ask returns when a run that began after the call has ended, with its error,
// or when ctx ends. The first to ask does the work in its own goroutine, for
// all, even if its own ctx ends: a second to wait, and a run.
func (l *latest) ask(ctx context.Context) error {
	t, first := l.join()
	switch {
	case t == nil:
		return errCrowded
	case first:
		l.lead(ctx, t)
	}
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *latest) join() (t *turn, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if first = l.coming == nil; first {
		l.coming = &turn{before: l.begun, done: make(chan struct{})}
	}
	if l.coming.joined == maxWaiting {
		return nil, false
	}
	l.coming.joined++
	return l.coming, first
}

func (l *latest) lead(ctx context.Context, t *turn) {
	defer close(t.done)
	if t.before != nil {
		<-t.before.done
		if wait := l.every - l.now().Sub(t.before.began); wait > 0 {
			<-time.After(min(wait, l.every)) // the clock may have been set back
		}
	}
	l.begin(t)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxRun)
	defer cancel()
	t.err = l.run(ctx)
}

func (l *latest) begin(t *turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.before, t.began = nil, l.now()
	l.coming, l.begun = nil, t
}
