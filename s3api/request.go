package s3api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"aetherfs/backend"
	"aetherfs/internal/auth"
)

// request is one request on its way. It is used by one goroutine.
type request struct {
	*server
	ctx   context.Context
	r     *http.Request // as it came, but for the deadlines on its body
	w     *response
	id    string
	start time.Time
	in    *idleBody

	// Set by locate.
	bucket, key string
	hostBucket  string // the bucket, if the host names it
	query       url.Values
	header      http.Header // r's, and those that a presigned URL carries in its query

	op   *operation
	auth *auth.Request
	tree backend.Tree
	path backend.Path // of bucket and key, where the operation is on an object

	failure error // what fail was told, for the log
	gone    bool  // the client left before it was answered
}

func (s *server) open(w http.ResponseWriter, r *http.Request) *request {
	control := http.NewResponseController(w)
	in := &idleBody{body: r.Body, control: control, now: s.Now, ended: r.ContentLength == 0}
	q := &request{
		server: s,
		ctx:    r.Context(),
		id:     s.RequestID(),
		start:  s.Now(),
		in:     in,
		w:      &response{ResponseWriter: w, control: control, now: s.Now, in: in},
		op:     &unknown,
	}
	q.r = r.WithContext(q.ctx)
	q.r.Body = q.in
	q.w.Header().Set("x-amz-request-id", q.id)
	q.w.Header().Set("x-amz-id-2", q.id)
	q.w.Header().Set("Server", "AetherFS")
	return q
}

// authenticate asks who sends the request and gets the tree that they see. A
// form carries its credentials inside.
func (q *request) authenticate() error {
	if q.op.form {
		return nil
	}
	a, err := q.Verifier.Verify(q.r, q.hostBucket)
	if err != nil {
		return err
	}
	q.r.Header = joined(q.r.Header)
	maps.Copy(q.r.Header, a.Hoisted)
	q.header = q.r.Header
	q.auth = a
	q.tree = q.Tree(a.Identity)
	return nil
}

// parsePath makes a Path of the bucket and key of an operation on an object.
func (q *request) parsePath() (err error) {
	if q.key != "" {
		q.path, err = backend.ParsePath(q.bucket, q.key)
	}
	return err
}

// fail answers with an error, or breaks the connection when the answer has
// already begun.
func (q *request) fail(err error) {
	q.failure = err
	q.gone = errors.Is(q.ctx.Err(), context.Canceled)
	if q.w.status != 0 {
		panic(http.ErrAbortHandler)
	}
	q.writeError(translate(err))
}

// close ends the request: it answers for a panic, logs and counts.
func (q *request) close() {
	fault := recover()
	err, _ := fault.(error)
	broken := errors.Is(err, http.ErrAbortHandler)
	if fault != nil && !broken {
		q.Log.Error("panic", "request", q.id, "operation", q.op.name, "fault", fault, "stack", string(debug.Stack()))
		q.failure = fmt.Errorf("panic: %v", fault)
		if broken = q.w.status != 0; !broken {
			q.writeError(translate(q.failure))
		}
	}
	q.report()
	if broken {
		panic(http.ErrAbortHandler)
	}
	q.w.end()
}

// statusClientGone is logged where the client left before it was answered.
const statusClientGone = 499

func (q *request) report() {
	status := q.w.status
	if status == 0 {
		status = http.StatusOK
	}
	if q.gone {
		status = statusClientGone
	}
	took := q.Now().Sub(q.start)
	q.Observe(Observation{Operation: q.op.name, Status: status, Duration: took, In: q.in.n, Out: q.w.n})

	args := []any{
		"request", q.id, "operation", q.op.name, "method", q.r.Method, "bucket", q.bucket, "key", q.key,
		"status", status, "in", q.in.n, "out", q.w.n, "took", took, "remote", q.r.RemoteAddr,
	}
	if q.auth != nil {
		args = append(args, "access_key", q.auth.Identity.AccessKey)
	}
	if q.failure != nil {
		args = append(args, "error", q.failure)
	}
	if status >= 500 && status != http.StatusNotImplemented {
		q.Log.Error("s3", args...)
		return
	}
	q.Log.Info("s3", args...)
}

// hasHeader reports whether the request carries the header, empty or not.
func (q *request) hasHeader(name string) bool {
	_, ok := q.header[http.CanonicalHeaderKey(name)]
	return ok
}

// resource is what the request is about, as errors name it.
func (q *request) resource() string {
	if q.bucket == "" {
		return "/"
	}
	return strings.TrimSuffix("/"+q.bucket+"/"+q.key, "/")
}

// sequence counts requests; it serves where nobody gave a source of ids.
func sequence() func() string {
	var n atomic.Uint64
	return func() string { return fmt.Sprintf("%016X", n.Add(1)) }
}
