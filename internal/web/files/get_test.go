package files_test

import (
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"aetherfs/backend"
)

// model answers a request for data as net/http does.
func model(r *http.Request, info backend.Info, data string) *http.Response {
	w := httptest.NewRecorder()
	w.Header().Set("ETag", `"`+info.ETag+`"`)
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", info.Modified, strings.NewReader(data))
	return w.Result()
}

// TestRangesAndConditions: with any conditions and ranges the answer is that of
// net/http. Where they differ on purpose, as TestRanges shows, nothing is asked.
func TestRangesAndConditions(t *testing.T) {
	w := newWorld(t)
	data := noise(3000)
	info := w.put(t, "k", data)
	etag := `"` + info.ETag + `"`
	at := func(d time.Duration) string { return info.Modified.Add(d).UTC().Format(http.TimeFormat) }
	dates := []string{at(0), at(-time.Hour), at(time.Hour), "yesterday"}
	lists := []string{etag, `"x"`, "W/" + etag, `"x", ` + etag, "*", info.ETag, "", `"x" , W/` + etag}
	rapid.Check(t, func(t *rapid.T) {
		r := httptest.NewRequest(http.MethodGet, "http://gateway/fs/maps/k", nil)
		r.SetBasicAuth(accessKey, secretKey)
		for _, h := range []struct {
			name   string
			values []string
		}{
			{"If-Match", lists}, {"If-None-Match", lists}, {"If-Modified-Since", dates}, {"If-Unmodified-Since", dates},
			{"If-Range", []string{etag, "W/" + etag, `"x"`, "yesterday"}},
		} {
			if rapid.IntRange(0, 3).Draw(t, h.name+"?") == 0 {
				r.Header.Set(h.name, rapid.SampledFrom(h.values).Draw(t, h.name))
			}
		}
		if specs := rapid.SliceOfN(rapid.Custom(drawRange), 0, 5).Draw(t, "ranges"); len(specs) > 0 {
			r.Header.Set("Range", "bytes="+strings.Join(specs, rapid.SampledFrom([]string{",", ", "}).Draw(t, "comma")))
		}
		compare(t, w.send(r), model(r, info, data))
	})
}

func drawRange(t *rapid.T) string {
	first := rapid.IntRange(0, 3500).Draw(t, "first")
	return rapid.SampledFrom([]string{
		strconv.Itoa(first) + "-" + strconv.Itoa(first+rapid.IntRange(0, 900).Draw(t, "more")), strconv.Itoa(first) + "-", "-" + strconv.Itoa(first+1),
	}).Draw(t, "form")
}

func compare(t *rapid.T, got, want *http.Response) {
	if got.StatusCode != want.StatusCode {
		t.Fatalf("status %d, want %d", got.StatusCode, want.StatusCode)
	}
	for _, name := range []string{"Content-Range", "ETag", "Last-Modified", "Accept-Ranges"} {
		if got.StatusCode < 300 && got.Header.Get(name) != want.Header.Get(name) {
			t.Fatalf("%s %q, want %q", name, got.Header.Get(name), want.Header.Get(name))
		}
	}
	if got.StatusCode >= 300 {
		if all(t, got.Body) != "" && got.StatusCode == http.StatusNotModified {
			t.Fatal("304 has a body")
		}
		return
	}
	kind, params, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	gotBody, wantBody := all(t, got.Body), all(t, want.Body)
	if got.Header.Get("Content-Length") != strconv.Itoa(len(gotBody)) {
		t.Fatalf("%d bytes, Content-Length %s", len(gotBody), got.Header.Get("Content-Length"))
	}
	if kind == "multipart/byteranges" {
		_, theirs, _ := mime.ParseMediaType(want.Header.Get("Content-Type"))
		gotBody, wantBody = parts(t, gotBody, params["boundary"]), parts(t, wantBody, theirs["boundary"])
	}
	if gotBody != wantBody {
		t.Fatalf("%d bytes, want %d", len(gotBody), len(wantBody))
	}
}

// parts is what a body of several parts says, whatever is between them.
func parts(t *rapid.T, body, boundary string) string {
	var all strings.Builder
	r := multipart.NewReader(strings.NewReader(body), boundary)
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			return all.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(p.Header.Get("Content-Type") + p.Header.Get("Content-Range") + "\n")
		if _, err := io.Copy(&all, p); err != nil {
			t.Fatal(err)
		}
	}
}

func all(t *rapid.T, r io.Reader) string {
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRanges(t *testing.T) {
	w := newWorld(t)
	w.put(t, "k", "0123456789")
	w.put(t, "empty", "")
	for _, c := range []struct {
		header, want string // a body, or a status and Content-Range
	}{
		{"bytes=2-4", "234"}, {"bytes=8-", "89"}, {"bytes=-3", "789"}, {"bytes=-99", "0123456789"}, {"bytes=5-99999999999999999999", "56789"},
		{"bytes=10-", "416 bytes */10"}, {"bytes=-0", "416 bytes */10"}, {"bytes=10-,20-30", "416 bytes */10"},
		{"bytes=3-4,20-30", "34"}, {"bytes= 3-4 ", "34"}, {"bytes=,3-4,", "34"},
		{"bytes=4-3", "0123456789"}, {"bytes=x", "0123456789"}, {"bytes=", "0123456789"}, {"bytes=+1-2", "0123456789"},
		{"lines=1-2", "0123456789"}, {"bytes=1-2,x", "0123456789"}, {"bytes=-", "0123456789"}, {"bytes=--1", "0123456789"},
		{"bytes=0-9,0-9", "0123456789"}, {"bytes=" + strings.Repeat("0-0,", 33), "0123456789"},
	} {
		answer := w.get(t, "/fs/maps/k", "Range", c.header)
		got := body(t, answer)
		if answer.StatusCode == http.StatusRequestedRangeNotSatisfiable {
			got = "416 " + answer.Header.Get("Content-Range")
		}
		if got != c.want || (answer.StatusCode == http.StatusPartialContent) != (answer.Header.Get("Content-Range") != "" && answer.StatusCode != 416) {
			t.Errorf("Range %q: %s %q, want %q", c.header, answer.Status, got, c.want)
		}
	}
	if got := w.get(t, "/fs/maps/empty", "Range", "bytes=0-"); got.StatusCode != 200 || body(t, got) != "" {
		t.Errorf("a range of an empty file: %s", got.Status)
	}
	if got := w.do(t, http.MethodHead, "/fs/maps/k", "Range", "bytes=1-2"); got.StatusCode != 200 || got.Header.Get("Content-Length") != "10" {
		t.Errorf("HEAD with a range: %s, %v", got.Status, got.Header)
	}
}

// TestTimes: Last-Modified is the time that the client gave the file. A file
// put in the place of another is never taken for it because it is older.
func TestTimes(t *testing.T) {
	w := newWorld(t)
	at := func(seconds string) func(*backend.Attr) {
		return func(a *backend.Attr) { a.Meta = []backend.KV{{Name: "mtime", Value: seconds}} }
	}
	w.put(t, "k", "new", at("1700000000.5"))
	const told = "Tue, 14 Nov 2023 22:13:20 GMT"
	if got := w.get(t, "/fs/maps/k").Header.Get("Last-Modified"); got != told {
		t.Errorf("Last-Modified %q, want %q", got, told)
	}
	if got := w.get(t, "/fs/maps/k", "If-Modified-Since", told).StatusCode; got != 304 {
		t.Errorf("asked with the time that was told: %d, want 304", got)
	}
	w.put(t, "k", "old", at("1600000000"))
	if got := w.get(t, "/fs/maps/k", "If-Modified-Since", told).StatusCode; got != 200 {
		t.Errorf("replaced by an older file: %d, want 200", got)
	}
	if got := w.get(t, "/fs/maps/k", "If-Unmodified-Since", told).StatusCode; got != 412 {
		t.Errorf("replaced by an older file, go on only if it was not: %d, want 412", got)
	}
	if got := w.get(t, "/fs/maps/k", "If-Range", told, "Range", "bytes=1-"); got.StatusCode != 200 || body(t, got) != "old" {
		t.Errorf("replaced by an older file, the rest of the first: %s", got.Status)
	}
	const other = "Sun, 13 Sep 2020 12:26:40 GMT"
	w.put(t, "k", "another", at("1600000000"))
	if got := w.get(t, "/fs/maps/k", "If-Range", other, "Range", "bytes=1-"); got.StatusCode != 200 || body(t, got) != "another" {
		t.Errorf("replaced by a file of the same time, the rest of the first: %s", got.Status)
	}
}

// slow is a client that takes a file piece by piece.
type slow struct {
	*httptest.ResponseRecorder
	after func(sent int) // a piece was taken
}

func (s slow) Write(p []byte) (int, error) {
	n, err := s.ResponseRecorder.Write(p)
	s.after(s.Body.Len())
	return n, err
}

// TestOneVersion: who reads a file gets the version that was there, whatever
// becomes of it.
func TestOneVersion(t *testing.T) {
	for name, change := range map[string]func(*world, *testing.T){
		"overwritten": func(w *world, t *testing.T) { w.put(t, "v1/k", noise(6<<20)) },
		"deleted": func(w *world, t *testing.T) {
			tx, err := w.tree.Begin(t.Context(), dataset)
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Close()
			p, _ := backend.ParsePath(dataset, "v1/k")
			if err := tx.Remove(t.Context(), p, backend.Cond{}); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		for _, header := range []string{"", "bytes=0-2999999", "bytes=0-9,1000000-4999999"} {
			w := newWorld(t)
			old := noise(5 << 20)
			w.put(t, "v1/k", old)
			changed := false
			client := slow{httptest.NewRecorder(), func(int) {
				if !changed {
					changed = true
					change(w, t)
				}
			}}
			r := httptest.NewRequest(http.MethodGet, "http://gateway/fs/maps/v1/k", nil)
			r.SetBasicAuth(accessKey, secretKey)
			if header != "" {
				r.Header.Set("Range", header)
			}
			w.ServeHTTP(client, r)
			want := model(r, backend.Info{}, old)
			got := client.Body.String()
			if header == "bytes=0-9,1000000-4999999" {
				if !strings.Contains(got, old[1000000:5000000]) {
					t.Errorf("%s, ranges: the bytes are not those of one version", name)
				}
			} else if got != body(t, want) {
				t.Errorf("%s, range %q: the bytes are not those of one version", name, header)
			}
		}
	}
}
