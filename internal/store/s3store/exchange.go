package s3store

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// slowest is the rate at which a request's bytes must flow for it not to be
// given up: a sixteenth of a link of 32 Mbit/s, so that 16 can share it.
const slowest = 256 << 10 // bytes a second

var (
	errLate = errors.New("no answer in time")
	errOver = errors.New("the request has ended")
)

// exchange is one request with its reply, seen from below minio-go, which does
// not tell of the Date beside an error, and waits before it returns one. It
// belongs to one goroutine.
type exchange struct {
	date    time.Time // of the reply; zero if it has none
	status  int       // of the reply; 0 if there was none
	refusal *refusal  // of a reply that is an error
	failed  error     // why there was no reply
	listing bool      // the reply has to be a list

	parent  context.Context
	ctx     context.Context
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	timeout time.Duration
}

type exchangeKey struct{}

// begin starts the clock of a request that sends bytes. The caller ends it.
func begin(ctx context.Context, timeout time.Duration, bytes int64) *exchange {
	x := &exchange{parent: ctx, timeout: timeout}
	inner, cancel := context.WithCancelCause(ctx)
	x.ctx, x.cancel = context.WithValue(inner, exchangeKey{}, x), cancel
	x.timer = time.AfterFunc(x.patience(bytes), func() { cancel(errLate) })
	return x
}

// end must be called once for each begin.
func (x *exchange) end() {
	x.timer.Stop()
	x.cancel(errOver)
}

// receive gives the request the time that bytes of its reply may take. If its
// time is up already, that stays so.
func (x *exchange) receive(bytes int64) { x.timer.Reset(x.patience(bytes)) }

// patience is how long a request may take: the timeout, and what its bytes need
// at the slowest rate.
func (x *exchange) patience(bytes int64) time.Duration {
	return x.timeout + time.Duration(bytes)*time.Second/slowest
}

// over returns why the request's time ended before it did, or why there was no
// reply, or nil.
func (x *exchange) over() error {
	if err := x.parent.Err(); err != nil {
		return err
	}
	if cause := context.Cause(x.ctx); errors.Is(cause, errLate) {
		return errLate
	}
	return x.own(x.failed)
}

// own returns err as one of the request itself: while the caller's context has
// not ended, none may look as if it had. The timeouts of a dial and of those
// who hand out keys would: each is a context.DeadlineExceeded.
func (x *exchange) own(err error) error {
	ended := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	if ended && x.parent.Err() == nil {
		return fmt.Errorf("%w: %s", errLate, err.Error())
	}
	return err
}

// witness notes on each exchange what comes back.
type witness struct{ http.RoundTripper }

func (w witness) RoundTrip(r *http.Request) (*http.Response, error) {
	reply, err := w.RoundTripper.RoundTrip(r)
	if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok {
		x.note(reply, err)
	}
	return reply, err
}

// note takes the reply, and ends the exchange if that is an error, or not the
// list that was asked for: all is known then, and minio-go need not wait.
func (x *exchange) note(reply *http.Response, err error) {
	if err != nil {
		x.failed = err
		x.cancel(errOver)
		return
	}
	x.status = reply.StatusCode
	x.date, _ = http.ParseTime(reply.Header.Get("Date"))
	switch {
	case x.status/100 != 2:
		x.refuse(reply)
	case x.listing:
		x.list(reply)
	}
}
