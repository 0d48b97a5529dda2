package webdav_test

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/auth"
	"aetherfs/internal/store"
	"aetherfs/internal/web/files"
	"aetherfs/webdav"
)

const (
	accessKey = "someone"
	secretKey = "0123456789abcdef"
	dataset   = "data-set"
)

// world is the front end over a real tree on a store in memory.
type world struct {
	tree    backend.Tree
	handler http.Handler
}

func newWorld(t testing.TB, adjust ...func(*webdav.Options)) *world {
	t.Helper()
	w := &world{tree: newTree(t)}
	keys := auth.Static{accessKey: secretKey, "another": secretKey}
	verifier := &auth.Verifier{Keys: keys}
	reads := files.New(files.Options{
		Tree:     func(who auth.Identity) backend.Reader { return backend.Guarded(w.tree, who) },
		Verifier: verifier, Prefix: "/webdav/", Drive: true,
	})
	t.Cleanup(reads.Close)
	o := webdav.Options{
		Tree:     func(who auth.Identity) backend.Tree { return backend.Guarded(w.tree, who) },
		Verifier: verifier, Files: reads,
	}
	for _, a := range adjust {
		a(&o)
	}
	w.handler = webdav.New(o)
	if err := w.tree.CreateDataset(t.Context(), dataset); err != nil {
		t.Fatal(err)
	}
	return w
}

func newTree(t testing.TB) backend.Tree {
	t.Helper()
	st := store.NewMemory()
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

// do sends a request. The path is as it stands on the wire, below the prefix if
// it does not begin with '/'.
func (w *world) do(t testing.TB, method, path, body string, header ...string) answer {
	t.Helper()
	return w.send(t, method, path, strings.NewReader(body), header...)
}

func (w *world) send(t testing.TB, method, path string, body io.Reader, header ...string) answer {
	t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/webdav/" + path
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://gateway.example"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if r.Body == nil {
		r.Body = http.NoBody
	} else if r.Body != http.NoBody && r.ContentLength == 0 {
		r.ContentLength = -1 // as a server says that it comes in chunks
	}
	r.RequestURI = path
	r.SetBasicAuth(accessKey, secretKey)
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i+1] == "" {
			r.Header.Del(header[i])
		}
	}
	recorded := httptest.NewRecorder()
	w.handler.ServeHTTP(recorded, r)
	return answer{recorded.Code, recorded.Header(), recorded.Body.String()}
}

// want sends a request and fails the test unless it is answered with status.
func (w *world) want(t testing.TB, status int, method, path, body string, header ...string) answer {
	t.Helper()
	a := w.do(t, method, path, body, header...)
	if a.status != status {
		t.Errorf("%s %s %q = %d %s, want %d", method, path, header, a.status, a.body, status)
	}
	return a
}

// put stores a key as an S3 client does.
func (w *world) put(t testing.TB, key, body string) {
	t.Helper()
	w.commit(t, func(tx backend.Tx, p func(string) backend.Path) error {
		return tx.Put(t.Context(), p(key), strings.NewReader(body), backend.PutOptions{})
	})
}

func (w *world) commit(t testing.TB, change func(backend.Tx, func(key string) backend.Path) error) {
	t.Helper()
	tx, err := w.tree.Begin(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	path := func(key string) backend.Path {
		p, err := backend.ParsePath(dataset, key)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if err = change(tx, path); err == nil {
		_, err = tx.Commit(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// keys lists what the dataset holds, as S3 clients see it.
func (w *world) keys(t testing.TB) []string {
	t.Helper()
	var keys []string
	for info, err := range w.tree.List(t.Context(), dataset, backend.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Path.Key())
	}
	return keys
}

func (w *world) wantKeys(t testing.TB, want ...string) {
	t.Helper()
	if got := w.keys(t); !slices.Equal(got, want) {
		t.Errorf("keys are %q, want %q", got, want)
	}
}

// read returns the bytes of a key; ok is false if there is none.
func (w *world) read(t testing.TB, key string) (body string, ok bool) {
	t.Helper()
	p, err := backend.ParsePath(dataset, key)
	if err != nil {
		t.Fatal(err)
	}
	f, err := w.tree.Open(t.Context(), p)
	if err != nil {
		return "", false
	}
	b, err := io.ReadAll(io.NewSectionReader(f, 0, f.Info.Size))
	if err != nil {
		t.Fatal(err)
	}
	return string(b), true
}

// multistatus is the answer to a PROPFIND.
type multistatus struct {
	XMLName   xml.Name `xml:"DAV: multistatus"`
	Responses []struct {
		Href      string `xml:"DAV: href"`
		Propstats []struct {
			Status string `xml:"DAV: status"`
			Prop   struct {
				Properties []struct {
					XMLName xml.Name
					Inner   string `xml:",innerxml"`
				} `xml:",any"`
			} `xml:"DAV: prop"`
		} `xml:"DAV: propstat"`
	} `xml:"DAV: response"`
}

// propfind returns the properties that have a value, by href and name.
func (w *world) propfind(t testing.TB, path, depth, body string) map[string]map[string]string {
	t.Helper()
	a := w.want(t, 207, "PROPFIND", path, body, "Depth", depth)
	var doc multistatus
	if err := xml.Unmarshal([]byte(a.body), &doc); err != nil {
		t.Fatalf("PROPFIND %s answers %q: %v", path, a.body, err)
	}
	found := map[string]map[string]string{}
	for _, r := range doc.Responses {
		if found[r.Href] != nil {
			t.Errorf("PROPFIND %s tells of %s twice", path, r.Href)
		}
		found[r.Href] = map[string]string{}
		for _, stat := range r.Propstats {
			for _, p := range stat.Prop.Properties {
				if strings.Contains(stat.Status, " 200 ") {
					found[r.Href][p.XMLName.Local] = p.Inner
				}
			}
		}
	}
	return found
}

// hrefs lists a directory.
func (w *world) hrefs(t testing.TB, path string) []string {
	t.Helper()
	var hrefs []string
	for href := range w.propfind(t, path, "1", "") {
		hrefs = append(hrefs, href)
	}
	slices.Sort(hrefs)
	return hrefs
}
