package files_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"aetherfs/backend"
)

// checkSafe demands what every answer tells a browser.
func checkSafe(t *testing.T, what string, answer *http.Response) {
	t.Helper()
	h := answer.Header
	policy := h.Get("Content-Security-Policy")
	if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("X-Frame-Options") != "DENY" ||
		!strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script") ||
		h.Get("Cross-Origin-Resource-Policy") == "" || h.Get("Cache-Control") == "" || strings.Contains(h.Get("Cache-Control"), "public") {
		t.Errorf("%s (%s): %v", what, answer.Status, h)
	}
}

// TestNothingActs: what a browser would run is to be saved, whatever its
// uploader or a rule says.
func TestNothingActs(t *testing.T) {
	w := newWorld(t)
	yes := true
	err := w.tree.SetSettings(t.Context(), dataset, backend.Settings{HTTP: backend.HTTPSettings{Rules: []backend.HTTPRule{
		{Extension: ".page", ContentType: "text/html; charset=utf-8", Compress: &yes},
		{Extension: ".vector", ContentType: "image/svg+xml"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	active := []string{
		"text/html", "TEXT/HTML;charset=utf-7", " text/html", "text/html,text/plain", "text/plain,text/html", "application/xhtml+xml",
		"image/svg+xml", "image/svg", "text/xml", "application/xml", "application/rss+xml", "application/mathml+xml", "text/xsl",
		"application/pdf", "text/javascript", "application/javascript", "application/wasm", "application/x-shockwave-flash",
		"message/rfc822", "multipart/related", "multipart/x-mixed-replace; boundary=x", "text/vtt", "text/css", "text/cache-manifest",
		"application/x-unknown", "*/*", "text", "text/", "\x00", "text/html\r\nX-Evil: 1", "application/octet-stream",
	}
	for _, claimed := range active {
		for _, said := range []string{"", "inline", `inline; filename="a.html"`, "INLINE;filename=x", "garbage;;;"} {
			w.put(t, "up", "<script>alert(1)</script>", typed(claimed), func(a *backend.Attr) { a.ContentDisposition = said })
			answer := w.get(t, "/fs/maps/up", "Accept", "text/html")
			checkSafe(t, claimed, answer)
			if got := answer.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") {
				t.Errorf("%q, said to be %q, is shown: %q", claimed, said, got)
			}
			if got := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "sandbox;") {
				t.Errorf("%q is not in a sandbox: %q", claimed, got)
			}
		}
	}
	for _, key := range []string{"a.page", "a.vector", "x.html", "x.HTM", "x.svg", "x.xhtml", "x.xml", "x.js", "x.mjs", "x.pdf", "x.css", "x.swf", "x", "x.mht"} {
		w.put(t, key, "<script>alert(1)</script>")
		w.put(t, key+"2", "<script>alert(1)</script>", typed("image/png"))
		answer := w.get(t, "/fs/maps/"+key)
		checkSafe(t, key, answer)
		if got := answer.Header.Get("Content-Disposition"); got != "attachment" {
			t.Errorf("%s is shown: %q", key, got)
		}
	}
}

func TestHowFilesAreShown(t *testing.T) {
	w := newWorld(t)
	age, no := backend.Duration(time.Hour), false
	err := w.tree.SetSettings(t.Context(), dataset, backend.Settings{HTTP: backend.HTTPSettings{Rules: []backend.HTTPRule{
		{Extension: ".pmtiles", ContentType: "application/vnd.pmtiles", MaxAge: &age, Compress: &no},
		{Extension: ".MAP.JSON", ContentType: "application/json", MaxAge: new(backend.Duration)},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key                                    string
		attr                                   backend.Attr
		contentType, disposition, cacheControl string
	}{
		{key: "a.txt", contentType: "text/plain; charset=utf-8"},
		{key: "a.log", attr: backend.Attr{ContentType: "binary/octet-stream"}, contentType: "text/plain; charset=utf-8"},
		{key: "README.md", contentType: "text/plain; charset=utf-8"},
		{key: "b.txt", attr: backend.Attr{ContentType: "text/plain; charset=iso-8859-1"}, contentType: "text/plain; charset=iso-8859-1"},
		{key: "a.csv", contentType: "text/csv; charset=utf-8"},
		{key: "a.json", contentType: "application/json"},
		{key: "a.PNG", contentType: "image/png"},
		{key: "film", attr: backend.Attr{ContentType: "video/mp4"}, contentType: "video/mp4"},
		{key: "a.png", attr: backend.Attr{ContentType: "text/plain"}, contentType: "text/plain; charset=utf-8"},
		{key: "a.zip", contentType: "application/zip", disposition: "attachment"},
		{key: "unknown", contentType: "application/octet-stream", disposition: "attachment"},
		{key: "s.png", attr: backend.Attr{ContentDisposition: "attachment"}, contentType: "image/png", disposition: "attachment"},
		{key: "n.png", attr: backend.Attr{ContentDisposition: `inline; filename="p.png"`}, contentType: "image/png", disposition: "inline; filename=p.png"},
		{key: "n.zip", attr: backend.Attr{ContentDisposition: `attachment; filename*=UTF-8''%c3%a9.zip`}, contentType: "application/zip",
			disposition: "attachment; filename*=utf-8''%C3%A9.zip"},
		{key: "e.zip", attr: backend.Attr{ContentDisposition: `attachment; filename="../../etc/x"`}, contentType: "application/zip", disposition: "attachment"},
		{key: "v1/t.pmtiles", contentType: "application/vnd.pmtiles", disposition: "attachment", cacheControl: "private, max-age=3600"},
		{key: "v1/t.map.json", attr: backend.Attr{CacheControl: "max-age=9"}, contentType: "application/json", cacheControl: "private, max-age=0"},
		{key: "k1.txt", attr: backend.Attr{CacheControl: "public, max-age=60, immutable"}, contentType: "text/plain; charset=utf-8", cacheControl: "private, max-age=60"},
		{key: "k2.txt", attr: backend.Attr{CacheControl: "no-store"}, contentType: "text/plain; charset=utf-8", cacheControl: "no-store"},
		{key: "k3.txt", attr: backend.Attr{CacheControl: "Max-Age=99999999999999999999"}, contentType: "text/plain; charset=utf-8", cacheControl: "private, max-age=31536000"},
		{key: "k4.txt", attr: backend.Attr{CacheControl: "s-maxage=5, max-age=no"}, contentType: "text/plain; charset=utf-8"},
		{key: "k5.txt", attr: backend.Attr{CacheControl: "max-age=5, no-cache"}, contentType: "text/plain; charset=utf-8"},
	} {
		w.put(t, c.key, "x", func(a *backend.Attr) { *a = c.attr })
		if c.cacheControl == "" {
			c.cacheControl = "private, no-cache"
		}
		answer := w.get(t, "/fs/maps/"+c.key)
		checkSafe(t, c.key, answer)
		for name, want := range map[string]string{
			"Content-Type": c.contentType, "Content-Disposition": c.disposition, "Cache-Control": c.cacheControl,
		} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s, %+v: %s %q, want %q", c.key, c.attr, name, got, want)
			}
		}
	}
}

func TestEveryAnswerIsSafe(t *testing.T) {
	w := newWorld(t)
	info := w.put(t, "v1/x.txt", strings.Repeat("text ", 1000))
	for _, header := range []string{"Accept: */*", "If-None-Match: *", `If-Match: "x"`, "Range: bytes=0-1", "Range: bytes=9999-", "Range: bytes=0-1,3-4",
		"Accept-Encoding: gzip", "Authorization: none", "Accept: application/json", `If-None-Match: "` + info.ETag + `"`} {
		for _, path := range []string{"/fs", "/fs/", "/fs/maps", "/fs/maps/v1/", "/fs/maps/v1/x.txt", "/fs/maps/none", "/fs/maps/..", "/fs/none/"} {
			for _, method := range []string{"GET", "HEAD", "PUT"} {
				name, value, _ := strings.Cut(header, ": ")
				checkSafe(t, method+" "+path+" with "+header, w.do(t, method, path, name, value))
			}
		}
	}
}
