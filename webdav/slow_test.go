package webdav_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/webdav"
)

// strict is a tree that stops every body once something of it came, as if others
// had waited for memory long enough.
type strict struct{ backend.Tree }

func (s strict) Begin(ctx context.Context, dataset string) (backend.Tx, error) {
	tx, err := s.Tree.Begin(ctx, dataset)
	return strictTx{tx}, err
}

type strictTx struct{ backend.Tx }

func (s strictTx) Put(ctx context.Context, p backend.Path, r io.Reader, o backend.PutOptions) error {
	return s.Tx.Put(ctx, p, &stopping{r, o.Stop}, o)
}

// stopping is a body that is stopped while it waits for more.
type stopping struct {
	io.Reader
	stop func()
}

func (s *stopping) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if n > 0 {
		go s.stop()
	}
	return n, err
}

// A client that is too slow for those who wait is told so, and nothing of what it
// sent is stored.
func TestSlowUpload(t *testing.T) {
	var w *world
	w = newWorld(t, func(o *webdav.Options) {
		o.Tree = func(who auth.Identity) backend.Tree { return strict{backend.Guarded(w.tree, who)} }
	})
	server := httptest.NewServer(w.handler)
	defer server.Close()
	body, client := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL+"/webdav/"+dataset+"/slow", body)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(accessKey, secretKey)
	r.ContentLength = 10 << 20
	go func() { _, _ = client.Write(make([]byte, 10)) }()
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	client.Close()
	if resp.StatusCode != http.StatusRequestTimeout {
		t.Errorf("PUT = %d, want %d", resp.StatusCode, http.StatusRequestTimeout)
	}
	if a := w.do(t, http.MethodGet, dataset+"/slow", ""); a.status != http.StatusNotFound {
		t.Errorf("GET of what was not stored = %d", a.status)
	}
}
