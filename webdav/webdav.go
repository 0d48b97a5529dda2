// Package webdav shows the tree to WebDAV clients (RFC 4918, classes 1 and 2),
// for reading and writing.
//
//  1. Nothing is answered without an access key and its secret (Basic
//     authentication), OPTIONS included.
//  2. A path, and that of a Destination, is taken apart undecoded, segment by
//     segment: what no file can be named is refused, and never becomes the name
//     of another.
//  3. A request changes all that it asks for, in one transaction, or nothing.
//  4. An upload is committed only when its body ended whole.
//  5. A directory is every key below it, those too that are not shown: it is
//     copied, moved and deleted whole. The key of its own name beside it is
//     never touched.
//  6. A directory does not vanish with the last that it held.
//  7. What is locked is changed only by whoever names the lock's token, and it
//     is theirs.
//  8. Bodies of XML, the properties asked for and the entries of a change are
//     bounded; a listing is sent as it is read.
//
// The grammar of PROPPATCH is that of x/net/webdav. What moves data, lists,
// locks or decides is done here.
package webdav

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/internal/incoming"
)

// Options of New. Tree, Verifier and Files are needed.
type Options struct {
	Tree     func(auth.Identity) backend.Tree // as the one who asks may see it
	Verifier *auth.Verifier

	Files http.Handler // answers GET and HEAD, and asks who it is itself

	Prefix    string // of the paths that are served, without '/' at its end; "" for "/webdav"
	SideFiles bool   // let the Mac's side files in: see isSideFile

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: none
}

// New returns the handler. It serves what is below Prefix, and what Windows
// asks of the root, which is OPTIONS and PROPFIND.
func New(o Options) http.Handler {
	if o.Prefix == "" {
		o.Prefix = "/webdav"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &server{o, newLocks(lockOptions{Now: o.Now})}
}

type server struct {
	Options
	locks *locks
}

// operations are the methods that are served.
var operations = map[string]func(*request) error{
	http.MethodOptions: (*request).options,
	http.MethodGet:     (*request).get,
	http.MethodHead:    (*request).get,
	http.MethodPut:     (*request).put,
	http.MethodDelete:  (*request).delete,
	"MKCOL":            (*request).mkcol,
	"COPY":             (*request).copy,
	"MOVE":             (*request).move,
	"PROPFIND":         (*request).propfind,
	"PROPPATCH":        (*request).proppatch,
	"LOCK":             (*request).lock,
	"UNLOCK":           (*request).unlock,
}

// allowed is every method, for the header Allow.
const allowed = "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK"

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{server: s, ctx: r.Context(), w: w}
	q.r = r.WithContext(q.ctx) // whose body may be replaced
	q.in = incoming.New(w, q.r, s.Now)
	q.r.Body = whole{q.in}
	defer q.in.Await() // net/http reads on to the end of a body that is not long
	if err := q.serve(); err != nil {
		q.fail(err)
	}
}

// serve asks who it is before it looks at anything else.
func (q *request) serve() error {
	if err := q.authenticate(); err != nil {
		return err
	}
	operation, ok := operations[q.r.Method]
	if !ok {
		q.w.Header().Set("Allow", allowed)
		return refuse(http.StatusMethodNotAllowed, "the method is not one of "+allowed)
	}
	var err error
	if q.target, err = q.parseTarget(); err != nil {
		return err
	}
	return operation(q)
}

func (q *request) authenticate() error {
	user, password, ok := q.r.BasicAuth()
	if !ok {
		return errNobody
	}
	who, err := q.Verifier.VerifyBasic(q.ctx, user, password)
	var refused *auth.Error
	switch {
	case errors.As(err, &refused) && refused.Code == auth.ServiceUnavailable:
		return refuse(http.StatusServiceUnavailable, "the access key cannot be looked up now")
	case err != nil:
		return errNobody
	}
	q.who, q.tree = who, q.Tree(who)
	return nil
}

// options tells what can be done, in the words that Windows and Finder wait
// for before they write.
func (q *request) options() error {
	h := q.w.Header()
	h.Set("DAV", "1, 2")
	h.Set("MS-Author-Via", "DAV")
	h.Set("Allow", allowed)
	h.Set("Content-Length", "0")
	q.w.WriteHeader(http.StatusOK)
	return nil
}

// get leaves the answer to the one place that serves bytes over HTTP.
func (q *request) get() error {
	if q.dropped(q.target.name) {
		return refuse(http.StatusNotFound, "side files are not kept")
	}
	q.Files.ServeHTTP(q.w, q.r)
	return nil
}
