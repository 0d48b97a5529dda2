// Package web owns the one port that everything is served on: it tells S3
// requests from the others and answers those itself, which ask for health,
// metrics and statistics.
//
//  1. A path goes to S3 as it came, undecoded and uncleaned: "//" and ".." are
//     parts of keys.
//  2. The first segment decides, and the names that are not S3's cannot be
//     datasets. Requests to a bucket's own host name are S3's whatever their
//     path.
//  3. Nothing but /healthz and /readyz is answered without credentials, unless
//     MetricsOpen.
package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"aetherfs/backend"
	"aetherfs/internal/auth"
)

// Options of New.
type Options struct {
	S3      http.Handler
	Domains []string // buckets have host names under them

	Metrics     http.Handler
	MetricsOpen bool // to anybody

	Ready func(context.Context) error      // nil when the gateway can serve
	Tree  func(auth.Identity) backend.Tree // what the one who asks may see

	Verifier *auth.Verifier
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now
}

// New returns the handler of the port.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	metrics := o.Metrics
	if !o.MetricsOpen {
		metrics = protect(o.Verifier, func(w http.ResponseWriter, r *http.Request, _ auth.Identity) { o.Metrics.ServeHTTP(w, r) })
	}
	own := map[string]http.Handler{
		"healthz": exactly("/healthz", health(func(context.Context) error { return nil })),
		"readyz":  exactly("/readyz", health(o.Ready)),
		"metrics": exactly("/metrics", metrics),
		"api":     exactly(StatsPath, protect(o.Verifier, stats(o.Tree))),
	}
	ours := logged(o.Log, impatient(o.Now, readOnly(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := own[firstSegment(r)]; ok {
			h.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}))))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if backend.Reserved(firstSegment(r)) && !isBucketHost(r.Host, o.Domains) {
			ours.ServeHTTP(w, r)
			return
		}
		o.S3.ServeHTTP(w, r)
	})
}

// firstSegment is that of the path as it was sent.
func firstSegment(r *http.Request) string {
	segment, _, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	return segment
}

// isBucketHost reports whether host is a name under one of domains.
func isBucketHost(host string, domains []string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(host, ".")) // which only says that the name is whole
	return slices.ContainsFunc(domains, func(domain string) bool { return strings.HasSuffix(host, "."+domain) })
}

// exactly answers "not found" for every path but one.
func exactly(path string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// bodyTimeout is for bodies, of which no request of ours has one that matters:
// net/http reads them before it answers, and would wait for ever.
const bodyTimeout = 10 * time.Second

func impatient(now func() time.Time, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(now().Add(bodyTimeout)) // a writer without deadlines is a test's
		}
		h.ServeHTTP(w, r)
	})
}

func readOnly(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		h.ServeHTTP(w, r)
	})
}
