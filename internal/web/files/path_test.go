package files_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"aetherfs/backend"
)

// TestPaths: a path names the one file that it spells, or nothing.
func TestPaths(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{
		"a", "a/b", "v1/x", "v1/sub/y", "top", "sp ace", "100%", "q?x#y", "é/ü", "semi;colon", "+plus", "colon:", "v1-rc/x",
		"a//b", "./x", "../x", "v1/../top", "/lead", "tail//", "nul\x00", "line\n", `back\slash`, "marked/", "marked/f", "only/",
		strings.Repeat("n", 256), "long/" + strings.Repeat("n", 255),
	} {
		w.put(t, key, "bytes of "+key)
	}
	file := func(key string) string { return "bytes of " + key }
	for _, c := range []struct{ path, want string }{ // want: a body, or a status
		{"/fs/maps/v1/x", file("v1/x")}, {"/fs/maps/v1/sub/y", file("v1/sub/y")}, {"/fs/maps/top", file("top")},
		{"/fs/maps/v%31/%78", file("v1/x")}, {"/fs/%6daps/top", file("top")},
		{"/fs/maps/sp%20ace", file("sp ace")}, {"/fs/maps/100%25", file("100%")}, {"/fs/maps/q%3Fx%23y", file("q?x#y")},
		{"/fs/maps/%C3%A9/%C3%BC", file("é/ü")}, {"/fs/maps/semi;colon", file("semi;colon")}, {"/fs/maps/+plus", file("+plus")},
		{"/fs/maps/colon:", file("colon:")}, {"/fs/maps/v1-rc/x", file("v1-rc/x")}, {"/fs/maps/a/b", file("a/b")},
		{"/fs/maps/marked/f", file("marked/f")}, {"/fs/maps/top?v=2", file("top")},
		{"/fs/maps/long/" + strings.Repeat("n", 255), file("long/" + strings.Repeat("n", 255))},

		// Directories.
		{"/fs", "./fs/"}, {"/fs/maps", "./maps/"}, {"/fs/maps/v1", "./v1/"}, {"/fs/maps/a", "./a/"}, {"/fs/maps/marked", "./marked/"},
		{"/fs/maps/only", "./only/"}, {"/fs/maps/%C3%A9", "./%C3%A9/"}, {"/fs/maps/v1?after=x", "./v1/?after=x"},
		{"/fs/", "200"}, {"/fs/maps/", "200"}, {"/fs/maps/v1/", "200"}, {"/fs/maps/a/", "200"}, {"/fs/maps/only/", "200"},

		// Nothing.
		{"/fs//", "404"}, {"/fs//maps/top", "404"}, {"/fs/maps//top", "404"}, {"/fs/maps/a//b", "404"}, {"/fs/maps/v1//", "404"},
		{"/fs/maps//lead", "404"}, {"/fs/maps/%2Flead", "404"}, {"/fs/maps/tail//", "404"}, {"/fs/maps/top/", "404"},
		{"/fs/maps/v1%2Fx", "404"}, {"/fs/maps/v1%2fx", "404"}, {"/fs/maps%2Ftop", "404"}, {"/fs/maps/a%2F%2Fb", "404"},
		{"/fs/maps/../x", "404"}, {"/fs/maps/%2e%2e/x", "404"}, {"/fs/maps/v1/../top", "404"}, {"/fs/maps/v1/.%2E/top", "404"},
		{"/fs/../maps/top", "404"}, {"/fs/maps/./top", "404"}, {"/fs/maps/v1/%2e/x", "404"}, {"/fs/..", "404"}, {"/fs/maps/..", "404"},
		{"/fs/maps/back%5Cslash", "404"}, {"/fs/maps/v1%5Cx", "404"}, {"/fs/maps/..%5Ctop", "404"},
		{"/fs/maps/nul%00", "404"}, {"/fs/maps/top%00", "404"}, {"/fs/maps/line%0A", "404"}, {"/fs/maps/%FF", "404"},
		{"/fs/maps/" + strings.Repeat("n", 256), "404"}, {"/fs/maps/" + strings.Repeat("x/", 700) + "y", "404"},
		{"/fs/none", "404"}, {"/fs/none/", "404"}, {"/fs/none/x", "404"}, {"/fs/maps/none", "404"}, {"/fs/maps/none/", "404"},
		{"/other/maps/top", "404"}, {"/%66s/maps/top", "404"},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			answer := w.do(t, method, c.path)
			got := body(t, answer)
			want := c.want
			switch {
			case answer.Header.Get("Location") != "" || strings.HasPrefix(want, "./"):
				got = answer.Header.Get("Location")
			case want == "404" || want == "200":
				got = answer.Status[:3]
			case method == http.MethodHead:
				want = ""
			}
			if got != want {
				t.Errorf("%s %s is answered by %q (%s), want %q", method, c.path, got, answer.Status, want)
			}
		}
	}
}

func TestOnlyReads(t *testing.T) {
	w := newWorld(t)
	for _, method := range []string{"PUT", "POST", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "TRACE", "CONNECT"} {
		answer := w.do(t, method, "/fs/maps/x")
		if answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %s, want 405", method, answer.Status)
		}
	}
}

// FuzzPaths: whatever the path, the answer is the file whose name it spells,
// segment by segment, or none.
func FuzzPaths(f *testing.F) {
	w := newWorld(f)
	keys := []string{"a", "b/c", "b/d/e", "x y", "a%2Fb", "..", "b//c", `b\c`}
	for _, key := range keys {
		w.put(f, key, key)
	}
	for _, seed := range []string{"a", "b/c", "b%2Fc", "b/d/../c", "%2e%2e", "x%20y", "a%252Fb", "b//c", "./a", "b%5Cc", "b/c/", "a%00", "a?b", "%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, rest string) {
		u, err := url.ParseRequestURI("/fs/maps/" + rest)
		if err != nil {
			return
		}
		r, err := http.NewRequest(http.MethodGet, "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = u
		r.SetBasicAuth(accessKey, secretKey)
		answer := w.send(r)
		if answer.StatusCode != http.StatusOK || strings.HasSuffix(u.EscapedPath(), "/") {
			return
		}
		got := body(t, answer)
		spelled := strings.Split(strings.TrimPrefix(u.EscapedPath(), "/fs/maps/"), "/")
		for i, segment := range strings.Split(got, "/") {
			decoded, err := url.PathUnescape(spelled[i])
			if err != nil || decoded != segment || len(spelled) != strings.Count(got, "/")+1 {
				t.Fatalf("%q is answered by the file %q", u.EscapedPath(), got)
			}
		}
		if !backend.Shown(got) {
			t.Fatalf("%q shows %q", u.EscapedPath(), got)
		}
	})
}
