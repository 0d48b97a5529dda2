// Package s3api answers Amazon S3's protocol over HTTP, in front of the tree.
//
// A request goes through: its id, the log and the metrics; the bucket, from
// the host or the path; the operation, from the table; the credentials; the
// headers that ask for what is not done; the body; the operation itself.
// gofakes3 dispatches the plain operations (docs/design/0002-s3-front.md).
//
//  1. No backend call is made for a request without valid credentials.
//  2. An operation is what the table says; any other request changes nothing.
//  3. What a header asks for is done, or the request is refused.
//  4. The bytes of a file leave only verified. When that fails in mid-body the
//     connection breaks, so that nobody takes a part for the whole.
//  5. A body that is not what its length, checksums and signatures say stores
//     nothing.
package s3api

import (
	"log/slog"
	"net/http"
	"time"

	"aetherfs/backend"
	"aetherfs/internal/auth"
)

// Options of New. Tree and Verifier are needed, the rest has defaults.
type Options struct {
	Tree      func(auth.Identity) backend.Tree // what the one who asks may see and do
	Verifier  *auth.Verifier
	Domains   []string // hosts; a request to NAME.HOST is for bucket NAME
	Region    string   // auth.DefaultRegion if empty
	Log       *slog.Logger
	Observe   func(Observation) // called once a request, when it has ended
	Now       func() time.Time
	RequestID func() string // unique; ASCII letters and digits
}

// Observation is what the metrics want to know of a request.
type Observation struct {
	Operation string // a name of the table, or "Unknown"
	Status    int    // HTTP; 499 if the client went away before it got one
	Duration  time.Duration
	In, Out   int64 // bytes of the bodies
}

// New returns the handler of all S3 requests. It must see their paths as sent:
// a ServeMux in front of it would clean `//` and `..` out of keys.
func New(o Options) http.Handler {
	if o.Region == "" {
		o.Region = auth.DefaultRegion
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(Observation) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.RequestID == nil {
		o.RequestID = sequence()
	}
	return &server{o}
}

type server struct{ Options }

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := s.open(w, r)
	defer q.close()
	if err := q.serve(); err != nil {
		q.fail(err)
	}
}

// serve takes a request through all its steps.
func (q *request) serve() error {
	if err := q.locate(); err != nil {
		return err
	}
	op, err := find(q)
	if err != nil {
		return err
	}
	q.op = op
	if err := q.authenticate(); err != nil {
		return err
	}
	if err := refuseHeaders(q.header); err != nil {
		return err
	}
	if err := q.parsePath(); err != nil {
		return err
	}
	return op.handle(q)
}
