// Package incoming reads the bodies of requests, and gives up on clients that
// keep it waiting.
//
//  1. Read waits for the client at most IdleTimeout, and not after Stop.
//  2. A connection may serve more requests: no deadline is left on one whose body
//     was read to its end.
package incoming

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

// IdleTimeout ends a connection on which for this long no byte moved, though one
// was awaited. As long is client_body_timeout of nginx.
const IdleTimeout = 60 * time.Second

// ErrLate is what Read returns of a client that keeps it waiting, with the reason.
var ErrLate = errors.New("the body did not arrive in time")

var (
	errIdle = fmt.Errorf("%w: nothing was sent for %v", ErrLate, IdleTimeout)
	errSlow = fmt.Errorf("%w: it came slowly while others waited for memory", ErrLate)
)

// Body is the body of a request that a server received. One goroutine uses it,
// but for Stop.
type Body struct {
	body    io.ReadCloser
	control *http.ResponseController
	now     func() time.Time
	n       int64 // bytes that were read

	mu      sync.Mutex // of the deadline for reads, and of these
	ended   bool       // nothing more of it is awaited
	stopped bool
}

// New returns the body of r, which is answered through w, and puts it in the place
// of r.Body. now is the time, as in deadlines of connections.
func New(w http.ResponseWriter, r *http.Request, now func() time.Time) *Body {
	b := &Body{body: r.Body, control: http.NewResponseController(w), now: now, ended: r.ContentLength == 0}
	r.Body = b
	return b
}

// Bytes are how many were read. It is for the goroutine that reads.
func (b *Body) Bytes() int64 { return b.n }

// Await gives the client IdleTimeout to send more of the body, if it is not at
// its end: net/http too reads what nobody has read.
func (b *Body) Await() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended && !b.stopped {
		b.setDeadline(b.now().Add(IdleTimeout))
	}
}

// Stop has the Read that waits, or the next one, return ErrLate, unless the body
// is at its end. It may be called while Read runs, and not when the request was
// answered.
func (b *Body) Stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		b.stopped = true
		b.setDeadline(time.Unix(1, 0)) // long past
	}
}

// setDeadline is for reads of the connection. b.mu is held.
func (b *Body) setDeadline(t time.Time) {
	_ = b.control.SetReadDeadline(t) // a connection without deadlines is a test's
}

// Read implements io.Reader. Errors: ErrLate, or that of the connection.
func (b *Body) Read(p []byte) (int, error) {
	b.Await()
	n, err := b.body.Read(p)
	b.n += int64(n)
	return n, b.judge(err)
}

// judge returns what Read returns where the connection said err.
func (b *Body) judge(err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.stopped && !errors.Is(err, io.EOF):
		return errSlow
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errIdle
	case err != nil:
		b.ended = true
		b.setDeadline(time.Time{})
	}
	return err
}

// Close closes the request's body.
func (b *Body) Close() error { return b.body.Close() }
