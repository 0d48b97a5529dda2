package files_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/auth"
	"aetherfs/internal/store"
	"aetherfs/internal/web/files"
)

const accessKey, secretKey = "someone", "0123456789abcdef"

// world is the handler over a real tree on a store in memory, with a dataset.
type world struct {
	*files.Handler
	store store.Store
	tree  backend.Tree
}

const dataset = "maps"

func newWorld(t testing.TB, adjust ...func(*files.Options)) *world {
	t.Helper()
	w := worldOn(t, store.NewMemory(), adjust...)
	if err := w.tree.CreateDataset(t.Context(), dataset); err != nil {
		t.Fatal(err)
	}
	return w
}

// worldOn has what a store has, and nothing cached.
func worldOn(t testing.TB, st store.Store, adjust ...func(*files.Options)) *world {
	t.Helper()
	w := &world{store: st, tree: newTree(t, st)}
	o := files.Options{
		Tree:     func(who auth.Identity) backend.Reader { return backend.Guarded(w.tree, who) },
		Verifier: &auth.Verifier{Keys: auth.Static{accessKey: secretKey}},
		Prefix:   "/fs/", CacheBytes: 1 << 20,
	}
	for _, f := range adjust {
		f(&o)
	}
	w.Handler = files.New(o)
	t.Cleanup(w.Close)
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

// put stores a file.
func (w *world) put(t testing.TB, key, data string, attr ...func(*backend.Attr)) backend.Info {
	t.Helper()
	var o backend.PutOptions
	for _, f := range attr {
		f(&o.Attr)
	}
	tx, err := w.tree.Begin(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	p, err := backend.ParsePath(dataset, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Put(t.Context(), p, strings.NewReader(data), o); err != nil {
		t.Fatal(err)
	}
	infos, err := tx.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return infos[0]
}

func typed(contentType string) func(*backend.Attr) {
	return func(a *backend.Attr) { a.ContentType = contentType }
}

// do answers a request for what stands on the wire behind the host, by someone
// with a key. Header lines come in pairs.
func (w *world) do(t testing.TB, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "http://gateway"+target, nil)
	r.SetBasicAuth(accessKey, secretKey)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return w.send(r)
}

func (w *world) send(r *http.Request) *http.Response {
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	return answer.Result()
}

func (w *world) get(t testing.TB, target string, header ...string) *http.Response {
	t.Helper()
	return w.do(t, http.MethodGet, target, header...)
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// noise is bytes that no other call returns, and that no coder makes shorter.
func noise(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return string(b)
}
