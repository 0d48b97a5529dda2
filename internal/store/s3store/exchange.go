package s3store

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// slowest is the rate at which a request's bytes must flow for it not to be
// given up: a sixteenth of a link of 32 Mbit/s, so that 16 uploads can share it.
const slowest = 256 << 10 // bytes a second

var errLate = errors.New("no answer in time")

// exchange is one request and what its reply says beside what minio-go tells:
// the Date above all, which an error has as well. It belongs to one goroutine.
type exchange struct {
	status   int       // 0 without a reply
	date     time.Time // zero if the reply has none
	location string    // where a redirect points

	parent context.Context
	ctx    context.Context
	timer  *time.Timer
	patience
}

// patience is how long a request may take: timeout, and as long as its bytes
// need at the slowest rate.
type patience struct{ timeout time.Duration }

func (p patience) with(bytes int64) time.Duration {
	return p.timeout + time.Duration(bytes)*time.Second/slowest
}

type exchangeKey struct{}

// begin starts the clock of a request that sends bytes. The caller ends it.
func begin(ctx context.Context, timeout time.Duration, bytes int64) (x *exchange, end func()) {
	x = &exchange{parent: ctx, patience: patience{timeout}}
	inner, cancel := context.WithCancelCause(ctx)
	x.ctx = context.WithValue(inner, exchangeKey{}, x)
	x.timer = time.AfterFunc(x.with(bytes), func() { cancel(errLate) })
	return x, func() {
		x.timer.Stop()
		cancel(nil)
	}
}

// receive gives the request the time that bytes of its reply may take. If its
// time is up already, that stays so.
func (x *exchange) receive(bytes int64) { x.timer.Reset(x.with(bytes)) }

// over returns why the request's time ended before it did, or nil.
func (x *exchange) over() error {
	if err := x.parent.Err(); err != nil {
		return err
	}
	if err := context.Cause(x.ctx); err != nil {
		return err
	}
	return nil
}

// witness notes on each exchange what its reply says.
type witness struct{ http.RoundTripper }

func (w witness) RoundTrip(r *http.Request) (*http.Response, error) {
	reply, err := w.RoundTripper.RoundTrip(r)
	if x, ok := r.Context().Value(exchangeKey{}).(*exchange); ok && err == nil {
		x.status, x.location = reply.StatusCode, reply.Header.Get("Location")
		x.date, _ = http.ParseTime(reply.Header.Get("Date"))
	}
	return reply, err
}
