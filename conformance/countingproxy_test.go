package conformance

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// countingProxy stands between a gateway and its bucket and notes what is
// asked. It changes nothing of a request, the Host neither: that is signed.
type countingProxy struct {
	url string // http://127.0.0.1:port

	mu   sync.Mutex
	seen []string // guarded by mu
}

// newCountingProxy serves until the test ends; target is the URL of the store.
func newCountingProxy(t *testing.T, target string) *countingProxy {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	p := &countingProxy{url: "http://" + listener.Addr().String()}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			p.note(r)
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := &http.Server{Handler: forward}
	stopped := make(chan struct{})
	go func() { _ = server.Serve(listener); close(stopped) }()
	t.Cleanup(func() {
		server.Close()
		<-stopped
	})
	return p
}

// note notes a request, unless it is one of those that a gateway makes of its
// own accord: the probe of the store when it starts, the look at the hub every
// few seconds, and that at the age of checkpoints every few minutes.
func (p *countingProxy) note(r *http.Response) {
	q := r.Request
	own := strings.Contains(q.URL.Path, "/probe/") || strings.Contains(q.URL.Query().Get("prefix"), "/probe/") ||
		strings.Contains(q.URL.Path, "/hub/log/") && r.StatusCode == http.StatusNotFound ||
		strings.Contains(q.URL.Path, "/checkpoints/") && q.Header.Get("Range") == "bytes=0-0"
	if own {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, fmt.Sprintf("%s %s%s %s: %d", q.Method, q.URL.Path, q.URL.Query().Get("prefix"), q.Header.Get("Range"), r.StatusCode))
}

// reset forgets what was asked.
func (p *countingProxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = nil
}

// asked is what was asked so far.
func (p *countingProxy) asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// quoted is how a URL stands in the query of another.
func quoted(u string) string { return url.QueryEscape(u) }
