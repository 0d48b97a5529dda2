// Package web owns the one port that everything is served on: it tells S3
// requests from the others and answers those itself, which ask for health,
// metrics, statistics, keys and settings.
//
//  1. A path goes to S3 as it came, undecoded and uncleaned: "//" and ".." are
//     parts of keys.
//  2. The first segment decides, and the names that are not S3's cannot be
//     datasets. Requests to a bucket's own host name are S3's whatever their
//     path.
//  3. Nothing but /healthz and /readyz is answered without credentials, unless
//     MetricsOpen, and of keys only to the owner's.
//  4. What users stored runs no script on the host of the gateway, where
//     browsers remember passwords.
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

	Files  http.Handler // what begins with FilesPath
	WebDAV http.Handler // what begins with WebDAVPath

	Metrics     http.Handler
	MetricsOpen bool // to anybody

	Ready func(context.Context) error      // nil when the gateway can serve
	Tree  func(auth.Identity) backend.Tree // what the one who asks may see

	Verifier *auth.Verifier
	Keys     *auth.Ring // that the owner may manage
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now
}

// New returns the handler of the port.
func New(o Options) http.Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	ours := logged(o.Log, impatient(o.Now, own(o)))
	files, dav := logged(o.Log, o.Files), logged(o.Log, o.WebDAV)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first := firstSegment(r)
		switch {
		case isBucketHost(r.Host, o.Domains):
			o.S3.ServeHTTP(w, r)
		case first == "fs":
			files.ServeHTTP(w, r)
		case first == "webdav" || first == "" && asksForDrive(r):
			dav.ServeHTTP(w, r)
		case backend.Reserved(first):
			ours.ServeHTTP(w, r)
		default:
			w.Header().Set("Content-Security-Policy", objectPolicy)
			o.S3.ServeHTTP(w, r)
		}
	})
}

// objectPolicy is for browsers that are led to an S3 object, as a presigned
// link does. It is of the type that its uploader, or the maker of the link,
// chose, and of the origin of what asks for a key and its secret. A sandbox
// would keep Chrome from showing PDF. A bucket's own host is an origin of its
// own, where pages may do as they like.
const objectPolicy = "script-src 'none'; base-uri 'none'; form-action 'none'"

// Where the file views are. What is handed to them has the path as it came.
const (
	FilesPath  = "/fs/"
	WebDAVPath = "/webdav/"
)

// asksForDrive reports whether a request to the root is that of a WebDAV
// client: Windows asks there first what a server can do. A browser that asks
// for leave to send an S3 request says for which.
func asksForDrive(r *http.Request) bool {
	return r.Method == "PROPFIND" || r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") == ""
}

// own answers what is not S3's, by the whole path.
func own(o Options) http.Handler {
	metrics := o.Metrics
	if !o.MetricsOpen {
		metrics = protect(o.Verifier, func(w http.ResponseWriter, r *http.Request, _ auth.Identity) { o.Metrics.ServeHTTP(w, r) })
	}
	ready := &readiness{check: o.Ready, now: o.Now}
	keys := keyring{o.Keys, o.Log}
	list := protect(o.Verifier, owners(keys.list))
	paths := map[string]http.Handler{
		"/healthz": readOnly(health(alive)),
		"/readyz":  readOnly(health(ready.ask)),
		"/metrics": readOnly(metrics),
		StatsPath:  readOnly(protect(o.Verifier, stats(o.Tree))),
		KeysPath: methods{http.MethodGet: list, http.MethodHead: list,
			http.MethodPost: protect(o.Verifier, owners(keys.create))},
	}
	key := methods{http.MethodDelete: protect(o.Verifier, owners(keys.delete))}
	settings := settings{o.Tree}.methods(o.Verifier)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h, ok := paths[r.URL.Path]; ok {
			h.ServeHTTP(w, r)
			return
		}
		if _, ok := settingsOf(r.URL.Path); ok {
			settings.ServeHTTP(w, r)
			return
		}
		if strings.HasPrefix(r.URL.Path, KeysPath+"/") {
			key.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
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

// bodyTimeout is for bodies, which are small where they matter at all: net/http
// reads them before it answers, and would wait for ever.
const bodyTimeout = 10 * time.Second

func impatient(now func() time.Time, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(now().Add(bodyTimeout)) // a writer without deadlines is a test's
		}
		h.ServeHTTP(w, r)
	})
}
