package web_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/internal/web"
)

const accessKey, secretKey = "someone", "0123456789abcdef"

// tree has the statistics that it is told, and is shown to accessKey only.
type tree struct {
	backend.Tree
	tags map[string][]backend.TagStats
	gone string // is listed, and removed before it is asked for
	err  error

	settings map[string]backend.Settings // of the datasets in tags
}

func (t *tree) Dataset(_ context.Context, name string) (backend.DatasetInfo, error) {
	if _, ok := t.tags[name]; !ok {
		return backend.DatasetInfo{}, fmt.Errorf("dataset %q: %w", name, backend.ErrNoDataset)
	}
	return backend.DatasetInfo{Name: name}, t.err
}

func (t *tree) Settings(_ context.Context, name string) (backend.Settings, error) {
	return t.settings[name], t.err
}

func (t *tree) SetSettings(ctx context.Context, name string, s backend.Settings) error {
	_, err := t.Dataset(ctx, name)
	if err == nil {
		t.settings[name] = s
	}
	return err
}

func (t *tree) Datasets(context.Context) iter.Seq2[backend.DatasetInfo, error] {
	return func(yield func(backend.DatasetInfo, error) bool) {
		for _, name := range []string{"a", "b", t.gone} {
			if name != "" && !yield(backend.DatasetInfo{Name: name}, nil) {
				return
			}
		}
	}
}

func (t *tree) Stats(_ context.Context, name string) ([]backend.TagStats, error) {
	tags, ok := t.tags[name]
	if !ok {
		return nil, fmt.Errorf("dataset %q: %w", name, backend.ErrNoDataset)
	}
	return tags, t.err
}

// port is a handler under test.
type port struct {
	http.Handler
	tree *tree
	keys *book
	log  bytes.Buffer
}

func newPort(t *testing.T, change func(*web.Options)) *port {
	t.Helper()
	p := &port{keys: &book{keys: map[string]auth.Sealed{}}, tree: &tree{settings: map[string]backend.Settings{}, tags: map[string][]backend.TagStats{"a": {{Tag: "v1", Files: 1, Bytes: 2, Stored: 3, Added: 4}}, "b": nil}}}
	ring, err := auth.NewRing(auth.RingOptions{Access: accessKey, Secret: secretKey, Repository: make([]byte, 16), Book: p.keys, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	o := web.Options{
		Files: named("files"), WebDAV: named("webdav"),
		S3:       http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "S3 "+r.URL.EscapedPath()) }),
		Domains:  []string{"s3.example.org"},
		Metrics:  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "metrics") }),
		Ready:    func(context.Context) error { return nil },
		Tree:     func(who auth.Identity) backend.Tree { return map[string]backend.Tree{accessKey: p.tree}[who.AccessKey] },
		Verifier: &auth.Verifier{Keys: ring}, Keys: ring,
		Log: slog.New(slog.NewTextHandler(&p.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&o)
	}
	p.Handler = web.New(o)
	return p
}

func basic(r *http.Request)  { r.SetBasicAuth(accessKey, secretKey) }
func signed(r *http.Request) { auth.Sign(r, accessKey, secretKey, auth.DefaultRegion, time.Now()) }

func (p *port) get(target string, prepare ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "http://gateway"+target, nil)
	for _, f := range prepare {
		f(r)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

func TestWhatIsNotOursIsS3sAsItCame(t *testing.T) {
	p := newPort(t, nil)
	for _, path := range []string{
		"/", "/bucket", "/bucket//a/../b", "/bucket/healthz", "//healthz", "/healthzz", "/%68ealthz", "/apis/v1/stats", "/bucket/a%2Fb?x=/api/",
	} {
		want := "S3 " + strings.Split(path, "?")[0]
		if got := p.get(path).Body.String(); got != want {
			t.Errorf("GET %s is answered by %q, want %q", path, got, want)
		}
	}
	for host, want := range map[string]string{
		"b.s3.example.org": "S3 /healthz", "B.S3.Example.org:8080": "S3 /healthz", "b.s3.example.org.": "S3 /healthz",
		"b.s3.example.org.:8080": "S3 /healthz", "s3.example.org": "ok\n", "xs3.example.org": "ok\n",
	} {
		got := p.get("/healthz", func(r *http.Request) { r.Host = host }).Body.String()
		if got != want {
			t.Errorf("/healthz of host %s is answered by %q, want %q", host, got, want)
		}
	}
}

// TestObjectsRunNothingHere: what is shown on the host of the file views and the
// API is no program, whoever says of what type it is. A bucket's own host is its
// own affair.
func TestObjectsRunNothingHere(t *testing.T) {
	p := newPort(t, nil)
	for host, want := range map[string]bool{"gateway": true, "s3.example.org": true, "b.s3.example.org": false} {
		policy := p.get("/bucket/page.html?response-content-type=text/html", func(r *http.Request) { r.Host = host }).Header().Get("Content-Security-Policy")
		if got := strings.Contains(policy, "script-src 'none'") && strings.Contains(policy, "form-action 'none'"); got != want {
			t.Errorf("host %s: policy %q", host, policy)
		}
	}
}

// TestEveryReservedNameIsOurs: what cannot be a dataset does not reach S3.
func TestEveryReservedNameIsOurs(t *testing.T) {
	p := newPort(t, nil)
	for _, name := range []string{"api", "fs", "ui", "webdav", "metrics", "healthz", "readyz"} {
		if !backend.Reserved(name) {
			t.Errorf("%s is not reserved", name)
		}
		for _, path := range []string{"/" + name, "/" + name + "/", "/" + name + "/x"} {
			if got := p.get(path); strings.HasPrefix(got.Body.String(), "S3") {
				t.Errorf("GET %s reaches S3", path)
			}
		}
	}
}

func TestReadiness(t *testing.T) {
	for _, test := range []struct {
		ready func(context.Context) error
		want  int
	}{
		{func(context.Context) error { return nil }, 200},
		{func(context.Context) error { return errors.New("disk is on fire") }, 503},
		{func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 503},
	} {
		p := newPort(t, func(o *web.Options) { o.Ready = test.ready })
		got := p.get("/readyz")
		if got.Code != test.want {
			t.Errorf("/readyz is answered by %d, want %d", got.Code, test.want)
		}
		if strings.Contains(got.Body.String(), "fire") || p.get("/healthz").Code != 200 {
			t.Errorf("/readyz tells %q, or /healthz fails", got.Body)
		}
		if test.want == 503 && !strings.Contains(p.log.String(), "error=") {
			t.Errorf("the log does not tell why:\n%s", &p.log)
		}
	}
}

func TestOnlyWithCredentials(t *testing.T) {
	for _, path := range []string{"/metrics", web.StatsPath, web.StatsPath + "?dataset=a", web.KeysPath} {
		p := newPort(t, nil)
		for name, prepare := range map[string]func(*http.Request){
			"none":           func(*http.Request) {},
			"a wrong secret": func(r *http.Request) { r.SetBasicAuth(accessKey, secretKey+"x") },
			"an unknown key": func(r *http.Request) { r.SetBasicAuth("nobody", secretKey) },
			"an empty one":   func(r *http.Request) { r.SetBasicAuth("", "") },
			"a wrong sign":   func(r *http.Request) { auth.Sign(r, accessKey, "wrong", auth.DefaultRegion, time.Now()) },
			"an old sign": func(r *http.Request) {
				auth.Sign(r, accessKey, secretKey, auth.DefaultRegion, time.Now().Add(-time.Hour))
			},
			"a changed query": func(r *http.Request) { signed(r); r.URL.RawQuery += "&x=y" },
		} {
			if got := p.get(path, prepare); got.Code != 401 || got.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("GET %s with %s: %d %s, want 401", path, name, got.Code, got.Body)
			}
		}
		for name, prepare := range map[string]func(*http.Request){"Basic": basic, "a signature": signed} {
			if got := p.get(path, prepare); got.Code != 200 {
				t.Errorf("GET %s with %s: %d %s, want 200", path, name, got.Code, got.Body)
			}
		}
	}
	open := newPort(t, func(o *web.Options) { o.MetricsOpen = true })
	if got := open.get("/metrics"); got.Code != 200 || open.get(web.StatsPath).Code != 401 {
		t.Errorf("open metrics: %d, and statistics not refused with them", got.Code)
	}
}

func TestStats(t *testing.T) {
	p := newPort(t, nil)
	p.tree.gone = "c"
	a := web.DatasetStats{Name: "a", Tags: []web.TagStats{{Tag: "v1", Files: 1, Bytes: 2, Stored: 3, Added: 4}}}
	b := web.DatasetStats{Name: "b", Tags: []web.TagStats{}}
	for path, want := range map[string]web.Stats{
		web.StatsPath:                {Datasets: []web.DatasetStats{a, b}},
		web.StatsPath + "?dataset=a": {Datasets: []web.DatasetStats{a}},
	} {
		var got web.Stats
		answer := p.get(path, basic)
		if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("GET %s = %s, error %v, want %+v", path, answer.Body, err, want)
		}
	}
	if got := p.get(web.StatsPath+"?dataset=none", basic); got.Code != 404 {
		t.Errorf("statistics of an unknown dataset: %d %s, want 404", got.Code, got.Body)
	}
	p.tree.err = fmt.Errorf("a secret detail: %w", backend.ErrUnavailable)
	if got := p.get(web.StatsPath, basic); got.Code != 503 || strings.Contains(got.Body.String(), "secret") {
		t.Errorf("statistics that cannot be read: %d %s, want 503 without details", got.Code, got.Body)
	}
}

func TestNothingOfOursIsWritten(t *testing.T) {
	p := newPort(t, nil)
	for _, path := range []string{"/healthz", "/readyz", "/metrics", web.StatsPath} {
		for _, method := range []string{"PUT", "POST", "DELETE", "OPTIONS"} {
			w := httptest.NewRecorder()
			p.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader("x")))
			if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") == "" {
				t.Errorf("%s %s: %d, want 405", method, path, w.Code)
			}
		}
	}
}

// deadlined is a connection that remembers until when it is read.
type deadlined struct {
	*httptest.ResponseRecorder
	read time.Time
}

func (c *deadlined) SetReadDeadline(t time.Time) error {
	c.read = t
	return nil
}

func TestBodiesAreNotAwaitedForEver(t *testing.T) {
	p := newPort(t, nil)
	for _, path := range []string{"/healthz", "/readyz", "/metrics", web.StatsPath, "/api/none"} {
		for body, want := range map[string]bool{"something": true, "": false} {
			conn := &deadlined{ResponseRecorder: httptest.NewRecorder()}
			p.ServeHTTP(conn, httptest.NewRequest("GET", path, strings.NewReader(body)))
			if got := !conn.read.IsZero(); got != want {
				t.Errorf("GET %s with a body of %d bytes: a deadline is set: %v, want %v", path, len(body), got, want)
			}
		}
	}
}

func TestOneLineARequest(t *testing.T) {
	p := newPort(t, nil)
	p.get("/healthz")
	p.get("/metrics")
	lines := strings.Split(strings.TrimSpace(p.log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "level=DEBUG") || !strings.Contains(lines[1], "level=INFO") ||
		!strings.Contains(lines[1], "path=/metrics") || !strings.Contains(lines[1], "status=401") {
		t.Errorf("the log has:\n%s", &p.log)
	}
}

// named answers everything by its name.
func named(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Handler", name) })
}

// TestFileViewsHaveTheirPaths: what is theirs is handed on, and nothing else.
func TestFileViewsHaveTheirPaths(t *testing.T) {
	p := newPort(t, func(o *web.Options) { o.S3, o.Domains = named("s3"), []string{"s3.test"} })
	for _, c := range []struct{ method, host, path, asks, want string }{
		{"GET", "", "/fs/maps/v1/a", "", "files"},
		{"GET", "", "/fs", "", "files"},
		{"GET", "", "/fsx/a", "", "s3"},
		{"GET", "", "/%66s/a", "", "s3"},
		{"PROPFIND", "", "/webdav/maps/", "", "webdav"},
		{"PROPFIND", "", "/", "", "webdav"},
		{"OPTIONS", "", "/", "", "webdav"},
		{"OPTIONS", "", "/", "PUT", "s3"},
		{"GET", "", "/", "", "s3"},
		{"GET", "maps.s3.test", "/fs/a", "", "s3"},
		{"PROPFIND", "maps.s3.test", "/", "", "s3"},
	} {
		answer := p.get(c.path, func(r *http.Request) {
			r.Method = c.method
			if c.host != "" {
				r.Host = c.host
			}
			if c.asks != "" {
				r.Header.Set("Access-Control-Request-Method", c.asks)
			}
		})
		if got := answer.Header().Get("X-Handler"); got != c.want {
			t.Errorf("%s %s%s (asks %q) is answered by %q, want %q", c.method, c.host, c.path, c.asks, got, c.want)
		}
	}
}
