package webdav_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"aetherfs/backend"
)

// unshown are keys that no tree of files can hold, and with a backslash none
// that Windows can.
var unshown = []string{"/lead", "a//b", "a/./b", "a/../b", "..", ".", "c\x01d", "tab\tx", "nul\x00", strings.Repeat("x", 256), `back\slash`, "e/\x7f"}

func TestKeysThatNoTreeHolds(t *testing.T) {
	w := newWorld(t)
	for _, key := range unshown {
		w.put(t, key, "unseen")
	}
	w.put(t, "f", "seen")
	if got, want := w.hrefs(t, "data-set"), []string{"/webdav/data-set/", "/webdav/data-set/a/", "/webdav/data-set/e/", "/webdav/data-set/f"}; !slices.Equal(got, want) {
		t.Errorf("PROPFIND tells of %q, want %q", got, want)
	}
	if got := w.hrefs(t, "data-set/a"); len(got) != 1 {
		t.Errorf("PROPFIND a tells of %q", got)
	}
	before := w.keys(t)
	for _, key := range unshown {
		path := "data-set/" + url.PathEscape(key)
		slashes := "data-set/" + strings.ReplaceAll(url.PathEscape(key), "%2F", "/")
		for _, method := range methods[1:12] {
			for _, p := range []string{path, slashes} {
				a := w.do(t, method, p, "", "Depth", "0", "Destination", "/webdav/data-set/z")
				if a.status != http.StatusBadRequest && a.status != http.StatusNotFound && a.status != http.StatusRequestURITooLong {
					t.Errorf("%s %s = %d", method, p, a.status)
				}
				a = w.do(t, "COPY", "data-set/f", "", "Destination", "/webdav/"+p)
				if a.status != http.StatusBadRequest && a.status != http.StatusBadGateway {
					t.Errorf("COPY to %s = %d", p, a.status)
				}
			}
		}
	}
	w.wantKeys(t, before...)
	w.want(t, 201, "MOVE", "data-set/a", "", "Destination", "/webdav/data-set/moved")
	for _, key := range []string{"moved//b", "moved/./b", "moved/../b"} {
		if _, ok := w.read(t, key); !ok {
			t.Errorf("%s did not move with its directory", key)
		}
	}
}

func TestAFileBesideADirectory(t *testing.T) {
	w := newWorld(t)
	w.put(t, "a", "beside")
	w.put(t, "a/b", "below")
	w.put(t, "file", "f")
	w.want(t, 405, "PUT", "data-set/a", "x")
	w.want(t, 405, "MKCOL", "data-set/a", "")
	w.want(t, 412, "COPY", "data-set/file", "", "Destination", "/webdav/data-set/a") // would replace what was not seen
	w.wantKeys(t, "a", "a/b", "file")
	w.want(t, 201, "MOVE", "data-set/a", "", "Destination", "/webdav/data-set/c")
	w.wantKeys(t, "a", "c/b", "file")
	if got := w.want(t, 200, "GET", "data-set/a", "").body; got != "beside" {
		t.Errorf("the file beside reads %q", got)
	}
}

func TestPathsOutside(t *testing.T) {
	w := newWorld(t)
	w.put(t, "d/f", "f")
	for _, path := range []string{
		"/webdav/../webdav/data-set/d/f", "/webdav/%2e%2e/x", "/webdav/data-set/d/../d/f", "/webdav/data-set/d/%2e%2e/d/f", "/webdav/data-set//d/f",
		"/webdav//data-set/d/f", "/webdav/data-set%2Fd/f", "/webdav/data-set/d%2ff", "/webdav/data-set/d%5Cf", "/webdav/data-set/d/f%00", "/webdav/%00",
		"/webdavx/data-set/d/f", "/webda", "/other", "/webdav/data-set/d//", "/webdav//",
	} {
		for _, method := range methods[:12] {
			if a := w.do(t, method, path, "", "Depth", "0"); a.status != 400 && a.status != 404 {
				t.Errorf("%s %s = %d", method, path, a.status)
			}
		}
	}
	w.wantKeys(t, "d/f")
}

func TestDestination(t *testing.T) {
	w := newWorld(t)
	w.put(t, "f", "f")
	for _, c := range []struct {
		to   string
		want int
	}{
		{"/webdav/data-set/g", 201}, {"http://gateway.example/webdav/data-set/g", 204}, {"https://gateway.example/webdav/data-set/g", 204},
		{"http://GATEWAY.example:80/webdav/data-set/g", 204}, {"https://gateway.example:443/webdav/data-set/g", 204}, {"//gateway.example/webdav/data-set/g", 204},
		{"http://gateway.example:81/webdav/data-set/g", 502}, {"http://other.example/webdav/data-set/g", 502}, {"http://gateway.example.evil/webdav/data-set/g", 502},
		{"http://gateway.example@other.example/webdav/data-set/g", 502}, {"/elsewhere/g", 502}, {"/data-set/g", 502}, {"/webdavx/data-set/g", 502}, {"data-set/g", 502},
		{"", 400}, {"mailto:g", 400}, {"http://gateway.example/webdav/data-set/g?x", 400}, {"/webdav/data-set/g#x", 400}, {"/webdav/data-set/%zz", 400},
		{"/webdav/data-set/../other/g", 400}, {"/webdav/data-set/a%2fg", 400}, {"/webdav/data-set/a%5Cg", 400}, {"/webdav/data-set/a//g", 400}, {"http://[", 400},
		{"/webdav/data-set/none/g", 409}, {"/webdav/other/g", 502}, {"/webdav/other", 403}, {"/webdav/", 403}, {"/webdav/data-set", 403}, {"/webdav/data-set/f", 403}, {"/webdav/data-set/f/g", 403},
		{"/webdav/data-set/._g", 403},
	} {
		w.put(t, "f", "f")
		if a := w.do(t, "COPY", "data-set/f", "", "Destination", c.to); a.status != c.want && !(a.status == 409 && c.to == "/webdav/other/g") {
			t.Errorf("COPY to %q = %d %s, want %d", c.to, a.status, a.body, c.want)
		}
	}
	w.wantKeys(t, "f", "g")
}

func FuzzPath(f *testing.F) {
	for _, path := range []string{"/webdav/a/b", "/webdav/a%2Fb", "/webdav/..", "http://gateway.example/webdav/data-set/x", "//x/y", "/webdav/%ff"} {
		f.Add(path)
	}
	w := newWorld(f)
	w.put(f, "f", "f")
	f.Fuzz(func(t *testing.T, path string) {
		a := w.do(t, "COPY", "data-set/f", "", "Destination", path)
		switch a.status {
		case 201, 204:
		case 400, 403, 409, 412, 414, 502:
			return
		default:
			t.Errorf("COPY to %q = %d %s", path, a.status, a.body)
		}
		for info, err := range w.tree.List(t.Context(), dataset, backend.Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			if !backend.Shown(info.Path.Key()) {
				t.Errorf("Destination %q made the key %q", path, info.Path.Key())
			}
		}
	})
}
