package s3api_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/internal/store"
	"aetherfs/s3api"
)

// gateway is a front end without a network: what it costs is its own, and the
// tree's.
func gateway(b *testing.B) (http.Handler, backend.Tree) {
	b.Helper()
	tree := newTree(b, store.NewMemory())
	if err := tree.CreateDataset(b.Context(), "bucket"); err != nil {
		b.Fatal(err)
	}
	return s3api.New(s3api.Options{
		Tree:     func(who auth.Identity) backend.Tree { return backend.Guarded(tree, who) },
		Verifier: &auth.Verifier{Keys: auth.Static{accessKey: secretKey}},
	}), tree
}

// sink takes an answer.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

func serve(b *testing.B, h http.Handler, method, target string, body []byte, header ...string) {
	b.Helper()
	var data io.Reader
	if body != nil {
		data = bytes.NewReader(body)
	}
	r := httptest.NewRequest(method, "http://s3.example"+target, data)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	auth.Sign(r, accessKey, secretKey, region, time.Now())
	w := &sink{header: http.Header{}}
	h.ServeHTTP(w, r)
	if w.status >= 300 {
		b.Fatalf("%s %s = %d", method, target, w.status)
	}
}

// The data is known after the first time: storing it costs little, and what is
// measured are the passes over the bytes.
func BenchmarkPutObject(b *testing.B) {
	for _, size := range []int{1 << 10, 8 << 20} {
		data := noise(size)
		sum := md5.Sum(data)
		for name, header := range map[string][]string{
			"plain": nil,
			"MD5":   {"Content-MD5", base64.StdEncoding.EncodeToString(sum[:])},
		} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				h, _ := gateway(b)
				b.SetBytes(int64(size))
				for b.Loop() {
					serve(b, h, "PUT", "/bucket/v1/k", data, header...)
				}
			})
		}
		b.Run(fmt.Sprintf("tree/%d", size), func(b *testing.B) {
			_, tree := gateway(b)
			b.SetBytes(int64(size))
			for b.Loop() {
				tx, err := tree.Begin(b.Context(), "bucket")
				if err != nil {
					b.Fatal(err)
				}
				if err := tx.Put(b.Context(), mustPath(b, "v1/k"), bytes.NewReader(data), backend.PutOptions{}); err != nil {
					b.Fatal(err)
				}
				if _, err := tx.Commit(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGetObject(b *testing.B) {
	for _, size := range []int{1 << 10, 8 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			h, _ := gateway(b)
			serve(b, h, "PUT", "/bucket/v1/k", noise(size))
			b.SetBytes(int64(size))
			for b.Loop() {
				serve(b, h, "GET", "/bucket/v1/k", nil)
			}
		})
	}
}

// BenchmarkListObjects lists a page of 1,000 keys.
func BenchmarkListObjects(b *testing.B) {
	h, tree := gateway(b)
	tx, err := tree.Begin(b.Context(), "bucket")
	if err != nil {
		b.Fatal(err)
	}
	for i := range 1000 {
		if err := tx.Put(b.Context(), mustPath(b, fmt.Sprintf("v1/some/folder/file-%06d", i)), bytes.NewReader(nil), backend.PutOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := tx.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		serve(b, h, "GET", "/bucket?list-type=2&encoding-type=url", nil)
	}
}
