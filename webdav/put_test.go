package webdav_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"aetherfs/backend"
	"aetherfs/webdav"
)

func TestPut(t *testing.T) {
	w := newWorld(t)
	first := w.want(t, 201, "PUT", "data-set/f.txt", "one", "Content-Type", "text/plain")
	w.want(t, 204, "PUT", "data-set/f.txt", "two", "Content-Type", "text/markdown")
	got := w.want(t, 200, "GET", "data-set/f.txt", "")
	if got.body != "two" || got.header.Get("Content-Type") != "text/markdown; charset=utf-8" || got.header.Get("ETag") == first.header.Get("ETag") {
		t.Errorf("it reads %q, %v", got.body, got.header)
	}
	if a := w.want(t, 206, "GET", "data-set/f.txt", "", "Range", "bytes=1-1"); a.body != "w" {
		t.Errorf("a range reads %q", a.body)
	}
	w.want(t, 201, "MKCOL", "data-set/d", "")
	for _, c := range []struct {
		path string
		want int
	}{
		{"data-set/d", 405}, {"data-set/d/", 405}, {"data-set/new/", 405}, {"data-set", 405}, {"/webdav/", 405}, {"new-set", 405},
		{"data-set/none/f", 409}, {"data-set/f.txt/f", 409}, {"none/f", 409}, {"data-set/" + strings.Repeat("k", 255), 201},
	} {
		w.want(t, c.want, "PUT", c.path, "x")
	}
	w.want(t, 400, "PUT", "data-set/f.txt", "x", "Content-Range", "bytes 0-0/3")
	w.want(t, 400, "PUT", "data-set/f.txt", "x", "Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==")
	w.want(t, 400, "PUT", "data-set/f.txt", "x", "Content-MD5", "x")
	if got, _ := w.read(t, "f.txt"); got != "two" {
		t.Errorf("it reads %q", got)
	}
}

func TestNamesThatAreTooLong(t *testing.T) {
	w := newWorld(t)
	dir := strings.Repeat(strings.Repeat("d", 200)+"/", 4)
	w.put(t, dir+"f", "f")
	w.want(t, 201, "PUT", "data-set/"+dir+strings.Repeat("x", backend.MaxKeyBytes-len(dir)), "x")
	w.want(t, 414, "PUT", "data-set/"+dir+strings.Repeat("x", backend.MaxKeyBytes-len(dir)+1), "x")
	w.want(t, 414, "MKCOL", "data-set/"+dir+strings.Repeat("y", backend.MaxKeyBytes-len(dir)), "") // with its '/'
	w.put(t, "a/"+strings.Repeat("y", 250), "y")
	w.want(t, 414, "COPY", "data-set/a", "", "Destination", "/webdav/data-set/"+dir+"b")
	w.want(t, 400, "PUT", "data-set/"+strings.Repeat("k", 256), "x")
}

func TestConditionsOfWrites(t *testing.T) {
	for _, c := range []struct {
		method, header, value string
		exists                bool
		want                  int
	}{
		{"PUT", "If-Match", "ETAG", true, 204}, {"PUT", "If-Match", `"x", ETAG`, true, 204}, {"PUT", "If-Match", "*", true, 204},
		{"PUT", "If-Match", `"x"`, true, 412}, {"PUT", "If-Match", "W/ETAG", true, 412}, {"PUT", "If-Match", "*", false, 412}, {"PUT", "If-Match", `"x"`, false, 412},
		{"PUT", "If-None-Match", "*", true, 412}, {"PUT", "If-None-Match", "*", false, 201}, {"PUT", "If-None-Match", "ETAG", true, 412},
		{"PUT", "If-None-Match", "W/ETAG", true, 412}, {"PUT", "If-None-Match", `"x"`, true, 204}, {"PUT", "If-Match", ",", true, 400},
		{"PUT", "If-Match", strings.Repeat(`"x",`, 200), true, 400},
		{"DELETE", "If-Match", "ETAG", true, 204}, {"DELETE", "If-Match", `"x"`, true, 412}, {"DELETE", "If-None-Match", "*", true, 412},
		{"MOVE", "If-Match", "ETAG", true, 201}, {"MOVE", "If-Match", `"x"`, true, 412}, {"COPY", "If-Match", `"x"`, true, 412},
		{"MKCOL", "If-None-Match", "*", false, 201}, {"MKCOL", "If-Match", "*", false, 412},
	} {
		w := newWorld(t)
		value := c.value
		if c.exists {
			etag := w.want(t, 201, "PUT", "data-set/f", "old").header.Get("ETag")
			value = strings.ReplaceAll(value, "ETAG", etag)
		}
		body := ""
		if c.method == "PUT" {
			body = "new"
		}
		a := w.do(t, c.method, "data-set/f", body, c.header, value, "Destination", "/webdav/data-set/g")
		if a.status != c.want {
			t.Errorf("%s with %s: %.20s = %d %s, want %d", c.method, c.header, value, a.status, a.body, c.want)
		}
		if got, _ := w.read(t, "f"); c.want >= 400 && c.exists && got != "old" {
			t.Errorf("%s with %s: %.20s left %q", c.method, c.header, value, got)
		}
	}
}

// Whoever sees the other's file while their own is on its way must not lose it.
func TestAConditionIsDecidedWhenTheBodyHasEnded(t *testing.T) {
	w := newWorld(t)
	etag := w.want(t, 201, "PUT", "data-set/f", "old").header.Get("ETag")
	body, out := io.Pipe()
	go func() {
		_, err := io.WriteString(out, "mine")
		w.put(t, "f", "theirs")
		out.CloseWithError(err)
	}()
	if a := w.send(t, "PUT", "data-set/f", body, "If-Match", etag); a.status != 412 {
		t.Errorf("PUT = %d, want 412", a.status)
	}
	if got, _ := w.read(t, "f"); got != "theirs" {
		t.Errorf("it reads %q", got)
	}
}

func TestUploadsThatAreCut(t *testing.T) {
	w := newWorld(t)
	server := httptest.NewServer(w.handler)
	defer server.Close()
	body := strings.Repeat("12345678", 40_000)
	for _, framing := range []string{"Content-Length: %d\r\n", "Transfer-Encoding: chunked\r\nX-Expected-Entity-Length: %d\r\n", "Transfer-Encoding: chunked\r\n"} {
		for eighth := range 9 {
			head := framing
			if strings.Contains(head, "%d") {
				head = fmt.Sprintf(head, len(body))
			}
			part := body[:len(body)*eighth/8]
			chunked := strings.Contains(head, "chunked")
			if chunked && part != "" {
				part = fmt.Sprintf("%x\r\n%s\r\n", len(part), part)
			}
			announced := strings.Contains(head, "Expected")
			if announced { // the frame is whole, the body is not
				part += "0\r\n\r\n"
			}
			whole := eighth == 8 && (announced || !chunked)
			status := raw(t, server, "PUT /webdav/data-set/f HTTP/1.1\r\nHost: x\r\nAuthorization: Basic c29tZW9uZTowMTIzNDU2Nzg5YWJjZGVm\r\n"+head+"\r\n"+part, !whole)
			if whole != (status == 201) || !whole && status != 400 {
				t.Errorf("%q, %d/8 of the body: %d", head, eighth, status)
			}
			got, exists := w.read(t, "f")
			if exists != whole || whole && got != body {
				t.Errorf("%q, %d/8 of the body left %d bytes, %t", head, eighth, len(got), exists)
			}
			if whole {
				w.want(t, 204, "DELETE", "data-set/f", "")
			}
		}
	}
	for announced, want := range map[string]int{"none": 400, "-1": 400, "5": 400, "7": 400, "9000000000000000000": 413, "6": 201} {
		a := w.send(t, "PUT", "data-set/f", io.MultiReader(strings.NewReader("123456")), "X-Expected-Entity-Length", announced)
		if a.status != want {
			t.Errorf("PUT of 6 bytes that were announced as %s = %d, want %d", announced, a.status, want)
		}
	}
}

// raw sends bytes, and then perhaps that nothing more will come, and returns
// the status of the answer.
func raw(t *testing.T, server *httptest.Server, text string, end bool) int {
	t.Helper()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	if end {
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	return r.StatusCode
}

func TestABodyThatFails(t *testing.T) {
	w := newWorld(t)
	w.put(t, "f", "old")
	for _, err := range []error{io.ErrUnexpectedEOF, errors.New("gone")} {
		body := io.MultiReader(strings.NewReader("new"), iotestErr{err})
		if a := w.send(t, "PUT", "data-set/f", body); a.status < 400 {
			t.Errorf("PUT of a body that fails with %v = %d", err, a.status)
		}
	}
	if got, _ := w.read(t, "f"); got != "old" {
		t.Errorf("it reads %q", got)
	}
}

type iotestErr struct{ err error }

func (r iotestErr) Read([]byte) (int, error) { return 0, r.err }

func TestTimesOfClients(t *testing.T) {
	w := newWorld(t)
	for at, want := range map[string]string{
		"1700000000": "Tue, 14 Nov 2023 22:13:20 GMT", "1700000000.25": "Tue, 14 Nov 2023 22:13:20 GMT", "0": "Thu, 01 Jan 1970 00:00:00 GMT",
		"-1": "", "now": "", "1e9": "", "NaN": "", "0x10": "", "1_0": "",
	} {
		a := w.do(t, "PUT", "data-set/f", "x", "X-OC-Mtime", at)
		if accepted := a.header.Get("X-OC-Mtime") == "accepted"; accepted != (want != "") {
			t.Errorf("X-OC-Mtime: %s is accepted: %t", at, accepted)
		}
		if got := w.propfind(t, "data-set/f", "0", "")["/webdav/data-set/f"]["getlastmodified"]; want != "" && got != want {
			t.Errorf("X-OC-Mtime: %s is told as %s, want %s", at, got, want)
		}
	}
}

func TestSideFiles(t *testing.T) {
	w := newWorld(t)
	w.put(t, "d/._kept", "by S3")
	w.put(t, "d/f", "f")
	for _, name := range []string{"data-set/d/._f", "data-set/d/.DS_Store", "data-set/d/._kept", "data-set/._none/x"} {
		if strings.HasSuffix(name, "x") {
			w.want(t, 409, "PUT", name, "x")
			continue
		}
		w.want(t, 201, "PUT", name, "looks")
		for _, method := range []string{"GET", "PROPFIND", "DELETE", "MOVE"} {
			w.want(t, 404, method, name, "", "Depth", "0", "Destination", "/webdav/data-set/z")
		}
		w.want(t, 207, "PROPPATCH", name, `<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x>1</x></D:prop></D:set></D:propertyupdate>`)
		lock := w.want(t, 200, "LOCK", name, `<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>`)
		w.want(t, 204, "UNLOCK", name, "", "Lock-Token", lock.header.Get("Lock-Token"))
	}
	w.wantKeys(t, "d/._kept", "d/f")
	if got := w.hrefs(t, "data-set/d"); len(got) != 2 {
		t.Errorf("PROPFIND tells of %q", got)
	}
	w = newWorld(t, func(o *webdav.Options) { o.SideFiles = true })
	w.want(t, 201, "PUT", "data-set/._f", "looks")
	if a := w.want(t, 200, "GET", "data-set/._f", ""); a.body != "looks" {
		t.Errorf("it reads %q", a.body)
	}
}
