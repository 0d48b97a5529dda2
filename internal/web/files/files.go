// Package files shows the tree over HTTP, for reading: files with ranges,
// conditions and compression, and pages that list directories.
//
//  1. A path is taken apart as it was sent, and names one file or none: nothing
//     in it is cleaned.
//  2. Nothing is answered without credentials but that they are needed.
//  3. What users stored cannot act on the site: what a browser would run is
//     never shown in it, whatever type the file claims to have.
//  4. The first bytes of a file are verified before the status goes out. What is
//     found damaged later breaks the connection.
//  5. An answer is of one version of a file, whatever is written meanwhile.
package files

import (
	"log/slog"
	"net/http"
	"strings"
	"time"

	"aetherfs/backend"
	"aetherfs/internal/auth"
)

// Options of New.
type Options struct {
	Tree     func(auth.Identity) backend.Reader // what the one who asks may see
	Verifier *auth.Verifier
	Prefix   string // of the paths, with '/' at both ends

	// Drive is for the reads of a WebDAV client: who asks is told by Basic
	// authentication alone, and nothing is compressed, as the client sends the
	// ETag that it gets back as a condition of its writes.
	Drive bool

	CacheBytes int64 // of compressed answers
	Log        *slog.Logger
	Now        func() time.Time // nil: time.Now
}

// Handler answers requests whose path begins with the prefix. It may be used by
// many goroutines.
type Handler struct {
	o     Options
	packs *packer
}

// New returns a handler. Close it.
func New(o Options) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Handler{o: o, packs: newPacker(o.CacheBytes)}
}

// Close ends what the handler runs beside requests. None may be running.
func (h *Handler) Close() { h.packs.close() }

const allowed = "GET, HEAD"

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{h: h, r: r, w: &response{ResponseWriter: w, control: http.NewResponseController(w), now: h.o.Now}}
	defer q.w.end()
	safe(q.w.Header())
	if err := q.serve(); err != nil {
		q.fail(err)
	}
}

// request is one that is being answered.
type request struct {
	h    *Handler
	r    *http.Request
	w    *response
	tree backend.Reader
	held int64 // bytes, of the packer's room
}

func (q *request) serve() error {
	switch {
	case q.r.Method != http.MethodGet && q.r.Method != http.MethodHead:
		q.w.Header().Set("Allow", allowed)
		return &failure{status: http.StatusMethodNotAllowed, message: "only " + allowed}
	case q.r.ContentLength != 0:
		q.w.refuseBody()
		return &failure{status: http.StatusBadRequest, message: "a request to read has no body"}
	}
	who, byLink, err := q.h.identify(q.r)
	if err != nil {
		return err
	}
	if byLink { // which holds all that it takes, so that other sites may show what it leads to
		q.w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
	q.tree = q.h.o.Tree(who)
	path := q.r.URL.EscapedPath()
	if path == strings.TrimSuffix(q.h.o.Prefix, "/") {
		q.redirect()
		return nil
	}
	at, err := parsePath(path, q.h.o.Prefix)
	if err != nil {
		return err
	}
	if at.dir {
		return q.list(at.name)
	}
	return q.get(at.name)
}

// redirect leads from a directory's name to its listing.
func (q *request) redirect() {
	path := q.r.URL.EscapedPath()
	to := "." + path[strings.LastIndexByte(path, '/'):] + "/"
	if q.r.URL.RawQuery != "" {
		to += "?" + q.r.URL.RawQuery
	}
	h := q.w.Header()
	h.Set("Location", to)
	h.Set("Cache-Control", neverKept)
	q.w.WriteHeader(http.StatusTemporaryRedirect)
}
