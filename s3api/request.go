package s3api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/internal/incoming"
)

// request is one request on its way. It is used by one goroutine.
type request struct {
	*server
	ctx   context.Context
	r     *http.Request // as it came, but for the deadlines on its body
	w     *response
	id    string
	start time.Time
	in    *incoming.Body

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
	q := &request{
		server: s,
		ctx:    r.Context(),
		id:     s.RequestID(),
		start:  s.Now(),
		op:     &unknown,
	}
	q.r = r.WithContext(q.ctx)
	q.in = incoming.New(w, q.r, s.Now)
	q.w = &response{ResponseWriter: w, control: http.NewResponseController(w), now: s.Now, in: q.in}
	h := q.w.Header()
	h.Set("X-Amz-Request-Id", q.id)
	h.Set("X-Amz-Id-2", q.id)
	h.Set("Server", "AetherFS")
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
	q.header = together(q.r.Header, a.Hoisted)
	q.r.Header = q.header
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
	q.Observe(Observation{Operation: q.op.name, Status: status, Duration: took, In: q.in.Bytes(), Out: q.w.n})
	if level := q.logLevel(status); q.Log.Enabled(q.ctx, level) {
		q.log(level, status, took)
	}
}

// logLevel is that of the request's line. What went well is worth one only when
// debugging, for the line costs a tenth of the request.
func (q *request) logLevel(status int) slog.Level {
	switch {
	case status >= 500 && status != http.StatusNotImplemented:
		return slog.LevelError
	case status >= 400 || q.failure != nil && status != http.StatusNotModified:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

func (q *request) log(level slog.Level, status int, took time.Duration) {
	attrs := []slog.Attr{
		slog.String("request", q.id), slog.String("operation", q.op.name), slog.String("method", q.r.Method),
		slog.String("bucket", q.bucket), slog.String("key", q.key), slog.Int("status", status),
		slog.Int64("in", q.in.Bytes()), slog.Int64("out", q.w.n), slog.Duration("took", took), slog.String("remote", q.r.RemoteAddr),
	}
	if q.auth != nil {
		attrs = append(attrs, slog.String("access_key", q.auth.Identity.AccessKey))
	}
	if q.failure != nil {
		attrs = append(attrs, slog.Any("error", q.failure))
	}
	q.Log.LogAttrs(q.ctx, level, "s3", attrs...)
}

// hasHeader reports whether the request carries the header of that canonical
// name, empty or not.
func (q *request) hasHeader(name string) bool {
	_, ok := q.header[name]
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
