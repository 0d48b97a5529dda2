package conformance

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/minio/minio-go/v7"
)

// TestWebDAVOverwritten reads a file over WebDAV while S3 puts another in its
// place, or deletes it: the reader gets the whole old file or a broken answer,
// and never a mixture.
func TestWebDAVOverwritten(t *testing.T) {
	t.Parallel()
	const size = 48 << 20 // more than the sockets hold
	d, beside := newDrive(t, newGateway(t, false).endpoint, "read")
	seed := newSeed(t)
	put := func(t *testing.T, key string, seed uint64) {
		t.Helper()
		body := io.LimitReader(randomBytes(seed), size)
		if _, err := beside.core.Client.PutObject(t.Context(), beside.bucket, key, body, size, minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	old, err := sumOf(io.LimitReader(randomBytes(seed), size))
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(t *testing.T, key string){
		"overwritten": func(t *testing.T, key string) { put(t, key, seed+1) },
		"deleted": func(t *testing.T, key string) {
			if err := beside.core.RemoveObject(t.Context(), beside.bucket, key, minio.RemoveObjectOptions{}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			put(t, what, seed)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.root()+what, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.SetBasicAuth(d.access, d.secret)
			resp, err := d.http.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var begin bytes.Buffer
			if _, err := io.CopyN(&begin, resp.Body, 1<<20); err != nil {
				t.Fatal(err)
			}
			change(t, what)
			got, err := sumOf(io.MultiReader(&begin, resp.Body))
			if err != nil {
				t.Logf("the answer broke: %v", err)
			} else if got != old {
				t.Errorf("read %v, want %v: not what was there when it was opened", got, old)
			}
		})
	}
}

// TestWebDAVCut cuts uploads off, in each way that a body can end: nothing of
// them is kept, and what was there stays.
func TestWebDAVCut(t *testing.T) {
	t.Parallel()
	d, beside := newDrive(t, newGateway(t, false).endpoint, "cut")
	want := map[string]digest{}
	for _, key := range []string{"plain", "chunked", "expected"} {
		if err := beside.put(t.Context(), key, []byte("what was there")); err != nil {
			t.Fatal(err)
		}
		want[key] = sumOfBytes([]byte("what was there"))
	}
	for _, c := range []struct{ name, headers, body string }{
		{"plain", "Content-Length: 2000000\r\n", "the first bytes"},
		{"new", "Content-Length: 2000000\r\n", "the first bytes"},
		{"chunked", "Transfer-Encoding: chunked\r\n", "f\r\nthe first bytes\r\n"},
		{"new-chunked", "Transfer-Encoding: chunked\r\n", "f\r\nthe first bytes\r\nf\r\nthe"},
		{"expected", "Transfer-Encoding: chunked\r\nX-Expected-Entity-Length: 100\r\n", "f\r\nthe first bytes\r\n0\r\n\r\n"},
		{"new-expected", "Transfer-Encoding: chunked\r\nX-Expected-Entity-Length: 100\r\n", "f\r\nthe first bytes\r\n0\r\n\r\n"},
	} {
		if status, err := d.cut(t, c.name, c.headers, c.body); err == nil && status/100 == 2 {
			t.Errorf("%s: a body that was cut is answered %d", c.name, status)
		}
	}
	expectFiles(t, beside, want)
}

// cut sends a PUT of that body, says that no more will come and returns the
// status of the answer, if there is one.
func (d *drive) cut(t *testing.T, name, headers, body string) (status int, err error) {
	t.Helper()
	conn, err := net.Dial("tcp", d.host())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, d.root()+name, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(d.access, d.secret)
	_, err = fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n%s\r\n%s",
		req.URL.EscapedPath(), d.host(), req.Header.Get("Authorization"), headers, body)
	if err != nil {
		return 0, err
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	return resp.StatusCode, nil
}
