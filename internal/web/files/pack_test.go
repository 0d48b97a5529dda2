package files_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"aetherfs/backend"
	"aetherfs/internal/web/files"
)

// unpacked is what a body is in the coding that the header tells.
func unpacked(t *testing.T, answer *http.Response) string {
	t.Helper()
	var r io.Reader = answer.Body
	var err error
	switch answer.Header.Get("Content-Encoding") {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r, zstd.WithDecoderMaxWindow(8<<20)) // what browsers take
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCodings(t *testing.T) {
	w := newWorld(t)
	text := strings.Repeat("some text. ", 1000)
	info := w.put(t, "a.txt", text)
	for _, c := range []struct{ accept, want string }{
		{"", ""}, {"gzip", "gzip"}, {"zstd", "zstd"}, {"gzip, deflate, br, zstd", "zstd"}, {"gzip, deflate, br", "gzip"},
		{"GZIP", "gzip"}, {"gzip;q=0", ""}, {"gzip;q=0.000", ""}, {"zstd;q=0.5, gzip;q=0.9", "gzip"}, {"gzip ; q=1, zstd ; Q=0.1", "gzip"},
		{"*", "zstd"}, {"*, zstd;q=0", "gzip"}, {"*;q=0", ""}, {"identity", ""}, {"identity, gzip;q=0.5", ""}, {"identity;q=0.1, gzip;q=0.5", "gzip"},
		{"gzip;q=x", ""}, {"gzip;q=2", ""}, {"gzip;q=NaN", ""}, {"gzip;q=-1", ""}, {"br", ""}, {",,;,", ""}, {"gzipx", ""},
	} {
		answer := w.get(t, "/fs/maps/a.txt", "Accept-Encoding", c.accept)
		etag := `"` + info.ETag + `"`
		if c.want != "" {
			etag = `"` + info.ETag + "-" + c.want + `"`
		}
		if got := answer.Header.Get("Content-Encoding"); got != c.want || answer.Header.Get("ETag") != etag || answer.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: %q, %v, want %q", c.accept, got, answer.Header, c.want)
		}
		if got := unpacked(t, answer); got != text {
			t.Errorf("Accept-Encoding %q: %d bytes, want %d", c.accept, len(got), len(text))
		}
		if got := w.get(t, "/fs/maps/a.txt", "Accept-Encoding", c.accept, "If-None-Match", etag); got.StatusCode != 304 || got.Header.Get("ETag") != etag {
			t.Errorf("Accept-Encoding %q, nothing new: %s, %v", c.accept, got.Status, got.Header)
		}
	}
}

func TestWhatIsCompressed(t *testing.T) {
	w := newWorld(t)
	yes, no := true, false
	err := w.tree.SetSettings(t.Context(), dataset, backend.Settings{HTTP: backend.HTTPSettings{Rules: []backend.HTTPRule{
		{Extension: ".yes", Compress: &yes}, {Extension: ".no", Compress: &no},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key  string
		size int
		attr backend.Attr
		want bool
	}{
		{key: "a.txt", size: 1 << 10, want: true}, {key: "a.txt", size: 1<<10 - 1}, {key: "a.txt", size: 8 << 20, want: true}, {key: "a.txt", size: 8<<20 + 1},
		{key: "a.csv", size: 9999, want: true}, {key: "a.json", size: 9999, want: true}, {key: "a.svg", size: 9999, want: true}, {key: "a.html", size: 9999, want: true},
		{key: "a.png", size: 9999}, {key: "a.zip", size: 9999}, {key: "a", size: 9999},
		{key: "a", size: 9999, attr: backend.Attr{ContentType: "application/problem+json"}, want: true},
		{key: "a.txt", size: 9999, attr: backend.Attr{ContentEncoding: "br"}},
		{key: "a.yes", size: 9999, want: true}, {key: "a.yes", size: 99}, {key: "a.no", size: 9999, attr: backend.Attr{ContentType: "text/plain"}},
	} {
		w.put(t, c.key, strings.Repeat("x", c.size), func(a *backend.Attr) { *a = c.attr })
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			answer := w.do(t, method, "/fs/maps/"+c.key, "Accept-Encoding", "gzip")
			want := c.attr.ContentEncoding
			if c.want {
				want = "gzip"
			}
			if got := answer.Header.Get("Content-Encoding"); got != want || (answer.Header.Get("Vary") != "") != c.want {
				t.Errorf("%s %s of %d bytes, %+v: %q, want %q (%v)", method, c.key, c.size, c.attr, got, want, answer.Header)
			}
		}
	}
	w.put(t, "r.txt", strings.Repeat("0123456789", 1000))
	answer := w.get(t, "/fs/maps/r.txt", "Accept-Encoding", "gzip", "Range", "bytes=1-3")
	if got := body(t, answer); got != "123" || answer.Header.Get("Content-Encoding") != "" || answer.StatusCode != 206 {
		t.Errorf("a range: %s %q, %v", answer.Status, got, answer.Header)
	}
	off := newWorld(t, func(o *files.Options) { o.CacheBytes = 0 })
	off.put(t, "a.txt", strings.Repeat("x", 9999))
	if got := off.get(t, "/fs/maps/a.txt", "Accept-Encoding", "gzip").Header.Get("Content-Encoding"); got != "" {
		t.Errorf("without a cache: %q", got)
	}
}

// TestHeadOfACompressedFile tells a length only if it is that of the answer to
// GET.
func TestHeadOfACompressedFile(t *testing.T) {
	w := newWorld(t)
	w.put(t, "a.txt", strings.Repeat("some text. ", 1000))
	head := func() string {
		return w.do(t, http.MethodHead, "/fs/maps/a.txt", "Accept-Encoding", "gzip").Header.Get("Content-Length")
	}
	if got := head(); got != "" {
		t.Errorf("before any GET: Content-Length %s", got)
	}
	if want := w.get(t, "/fs/maps/a.txt", "Accept-Encoding", "gzip").Header.Get("Content-Length"); head() != want || want == "" {
		t.Errorf("Content-Length of HEAD %s, of GET %s", head(), want)
	}
}

// TestCompressedAnswersAreOfOneVersion: what is kept is never that of another
// version, however many ask and write.
func TestCompressedAnswersAreOfOneVersion(t *testing.T) {
	w := newWorld(t, func(o *files.Options) { o.CacheBytes = 4 << 10 }) // little stays in it
	var readers sync.WaitGroup
	var written sync.Map // ETag → content
	put := func(i int) {
		text := strings.Repeat(string(rune('a'+i)), 20_000)
		for _, key := range []string{"a.txt", "b.txt"} {
			tx, err := w.tree.Begin(t.Context(), dataset)
			if err != nil {
				t.Error(err)
				return
			}
			p, _ := backend.ParsePath(dataset, key)
			if err := tx.Put(t.Context(), p, strings.NewReader(text), backend.PutOptions{}); err != nil {
				t.Error(err)
			}
			infos, err := tx.Commit(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			written.Store(infos[0].ETag, text)
		}
	}
	put(0)
	for r := range 4 {
		readers.Go(func() {
			for i := range 50 {
				coding := []string{"gzip", "zstd"}[(r+i)%2]
				answer := w.get(t, []string{"/fs/maps/a.txt", "/fs/maps/b.txt"}[i%2], "Accept-Encoding", coding)
				etag := strings.TrimSuffix(strings.Trim(answer.Header.Get("ETag"), `"`), "-"+coding)
				got := unpacked(t, answer)
				if want, ok := written.Load(etag); ok && got != want || len(got) != 20_000 || strings.Trim(got, got[:1]) != "" {
					t.Errorf("ETag %s: another version, or a mixture", etag)
				}
			}
		})
	}
	for i := range 20 {
		put(i + 1)
	}
	readers.Wait()
}

// TestThoseWhoLeave do not spoil the work that others wait for.
func TestThoseWhoLeave(t *testing.T) {
	w := newWorld(t)
	text := strings.Repeat("some text. ", 500_000)
	w.put(t, "a.txt", text)
	var readers sync.WaitGroup
	for i := range 20 {
		readers.Go(func() {
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://gateway/fs/maps/a.txt", nil)
			r.SetBasicAuth(accessKey, secretKey)
			r.Header.Set("Accept-Encoding", "zstd")
			if i%4 == 0 {
				leave()
			}
			if answer := w.send(r); i%4 != 0 && (answer.StatusCode != 200 || unpacked(t, answer) != text) {
				t.Errorf("%s, %v", answer.Status, answer.Header)
			}
		})
	}
	readers.Wait()
}

// stalled is a client that takes nothing of a body until it is let go on.
type stalled struct {
	*httptest.ResponseRecorder
	begun *sync.WaitGroup
	goOn  <-chan struct{}
	once  *sync.Once
}

func (s stalled) Write(p []byte) (int, error) {
	s.once.Do(s.begun.Done)
	<-s.goOn
	return s.ResponseRecorder.Write(p)
}

// TestSlowReadersHoldLittle: compressed answers that clients are slow to take
// have a bound. Beyond it, files are sent as they are.
func TestSlowReadersHoldLittle(t *testing.T) {
	const clients, size = 40, 1 << 20
	w := newWorld(t)
	text := noise(size)
	for i := range clients {
		w.put(t, strconv.Itoa(i)+".txt", text)
	}
	serve := func() (held int) {
		var begun, ended sync.WaitGroup
		goOn := make(chan struct{})
		answers := make([]stalled, clients)
		begun.Add(clients)
		for i := range answers {
			answers[i] = stalled{httptest.NewRecorder(), &begun, goOn, new(sync.Once)}
			ended.Go(func() {
				r := httptest.NewRequest(http.MethodGet, "http://gateway/fs/maps/"+strconv.Itoa(i)+".txt", nil)
				r.SetBasicAuth(accessKey, secretKey)
				r.Header.Set("Accept-Encoding", "gzip")
				w.ServeHTTP(answers[i], r)
			})
		}
		begun.Wait()
		close(goOn)
		ended.Wait()
		for _, a := range answers {
			answer := a.Result()
			coding := answer.Header.Get("Content-Encoding")
			if coding != "" {
				held++
			}
			if (coding == "") == strings.Contains(answer.Header.Get("ETag"), "gzip") || unpacked(t, answer) != text {
				t.Errorf("%s, %v", answer.Status, answer.Header)
			}
		}
		return held
	}
	for range 2 { // what was held is given back
		if held := serve(); held == 0 || held*size > 8<<20 {
			t.Errorf("%d answers of %d bytes are held, want at most 8 MiB of them", held, size)
		}
	}
}
