package s3api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/auth"
	"aetherfs/internal/store"
	"aetherfs/s3api"
)

// world is a front end over a real tree on a store in memory, reached by HTTP.
type world struct {
	server *httptest.Server
	store  store.Store
	tree   backend.Tree
	client *s3.Client
}

// both runs a test over http and over https, for which clients send other
// bodies by default.
func both(t *testing.T, test func(t *testing.T, w *world)) {
	t.Run("http", func(t *testing.T) { test(t, newWorld(t, false, nil)) })
	t.Run("https", func(t *testing.T) { test(t, newWorld(t, true, nil)) })
}

func newWorld(t *testing.T, secure bool, adjust func(*s3api.Options)) *world {
	t.Helper()
	w := &world{store: store.NewMemory()}
	w.tree = newTree(t, w.store)
	o := s3api.Options{
		Tree:     func(who auth.Identity) backend.Tree { return backend.Guarded(w.tree, who) },
		Verifier: &auth.Verifier{Keys: auth.Static{accessKey: secretKey}},
		Domains:  []string{"s3.example"},
	}
	if adjust != nil {
		adjust(&o)
	}
	w.server = httptest.NewUnstartedServer(s3api.New(o))
	if secure {
		w.server.EnableHTTP2 = true
		w.server.StartTLS()
	} else {
		w.server.Start()
	}
	t.Cleanup(w.server.Close)
	w.client = s3.New(s3.Options{
		BaseEndpoint: aws.String(w.server.URL), UsePathStyle: true, Region: region, HTTPClient: w.server.Client(),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secretKey}, nil
		}),
		RetryMaxAttempts: 1,
	})
	if err := w.tree.CreateDataset(t.Context(), "bucket"); err != nil {
		t.Fatal(err)
	}
	return w
}

func newTree(t testing.TB, st store.Store) backend.Tree {
	t.Helper()
	engine, err := dedupe.Open(dedupe.Options{Store: st, Segment: catalog.SegmentKey})
	if err != nil {
		t.Fatal(err)
	}
	names, err := catalog.Open(t.Context(), catalog.Options{Store: st, Embedder: engine, Rand: rand.Reader, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := names.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return backend.New(names, engine)
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// code is the code of an error's XML.
func (a answer) code(t *testing.T) string {
	t.Helper()
	var doc struct{ Code, Message, Resource, RequestId, HostId string }
	if a.body == "" {
		return ""
	}
	if err := xml.Unmarshal([]byte(a.body), &doc); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	if doc.Message == "" || doc.Resource == "" || doc.RequestId == "" || doc.RequestId != a.header.Get("x-amz-request-id") {
		t.Errorf("incomplete error: %s", a.body)
	}
	return doc.Code
}

// do sends a request signed by its header. The target is path and query, as
// they stand on the wire.
func (w *world) do(t *testing.T, method, target, body string, header ...string) answer {
	t.Helper()
	return w.send(t, w.request(t, method, target, strings.NewReader(body), header...))
}

func (w *world) request(t *testing.T, method, target string, body io.Reader, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.server.URL+target, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	r.Header.Set("Accept-Encoding", "identity") // or Go's client unpacks what it gets
	signAs(r)
	return r
}

func (w *world) send(t *testing.T, r *http.Request) answer {
	t.Helper()
	transport := w.server.Client().Transport // redirects are answers too
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return answer{resp.StatusCode, resp.Header, readAll(t, resp.Body)}
}

// want sends a request and demands a status and, of an error, a code.
func (w *world) want(t *testing.T, status int, code, method, target, body string, header ...string) answer {
	t.Helper()
	a := w.do(t, method, target, body, header...)
	got := ""
	if a.status >= 400 {
		got = a.code(t)
	}
	if a.status != status || got != code {
		t.Errorf("%s %s %v = %d %s, want %d %s\n%s", method, target, header, a.status, got, status, code, a.body)
	}
	return a
}

// keys are all that is stored.
func (w *world) keys(t *testing.T) []string {
	t.Helper()
	var keys []string
	for info, err := range w.tree.List(t.Context(), "bucket", backend.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Path.Key())
	}
	return keys
}

func (w *world) put(t *testing.T, key string, data []byte) {
	t.Helper()
	_, err := w.client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: bytes.NewReader(data)})
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
}
