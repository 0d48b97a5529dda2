package s3store

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	// slowest is the rate at which a request's bytes must flow for it not to be
	// given up: a sixteenth of a link of 32 Mbit/s, so that 16 can share it.
	slowest = 256 << 10 // bytes a second
	// maxRefusal bounds what is read of a reply that is an error.
	maxRefusal = 64 << 10 // bytes
)

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

	parent  context.Context
	ctx     context.Context
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	timeout time.Duration
}

// refusal is a reply that is an error. Its code is "" if it is not one of S3.
type refusal struct {
	Code     string
	Message  string
	Region   string // where the bucket is, if that was wrong
	location string // where a redirect points
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

// over returns why the request's time ended before it did, or nil.
func (x *exchange) over() error {
	if err := x.parent.Err(); err != nil {
		return err
	}
	if cause := context.Cause(x.ctx); errors.Is(cause, errLate) {
		return errLate
	}
	return x.failed
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

// note takes the reply, and ends the exchange if that is an error: all is known
// then, and minio-go need not wait.
func (x *exchange) note(reply *http.Response, err error) {
	if err != nil {
		x.failed = err
		x.cancel(errOver)
		return
	}
	x.status = reply.StatusCode
	x.date, _ = http.ParseTime(reply.Header.Get("Date"))
	if x.status/100 == 2 {
		return
	}
	x.refusal = &refusal{}
	if text, err := io.ReadAll(io.LimitReader(reply.Body, maxRefusal)); err == nil {
		x.refusal.read(text)
	}
	if x.refusal.Region == "" {
		x.refusal.Region = reply.Header.Get("X-Amz-Bucket-Region")
	}
	x.refusal.location = reply.Header.Get("Location")
	_ = reply.Body.Close()
	reply.Body = http.NoBody
	x.cancel(errOver)
}

// read takes what an S3 server writes; anything else says nothing.
func (r *refusal) read(text []byte) {
	var body struct {
		XMLName xml.Name `xml:"Error"`
		refusal
	}
	if xml.Unmarshal(text, &body) == nil {
		*r = body.refusal
	}
}
