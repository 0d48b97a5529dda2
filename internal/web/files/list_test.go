package files_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"aetherfs/backend"
)

// hostile are names that are something else in HTML, in a URL or on a screen.
var hostile = []string{
	"<script>alert(1)", `"><img src=x onerror=alert(1)>`, "'quote", "a&amp;b", "javascript:alert(1)", "http:", "sp ace", "100%", "%2e%2e",
	"q?x=1", "h#ash", "é ü 漢字", "\u202eevil", "{{.Name}}", "semi;colon", "+", "...", "~", "a=b&c", "<style>", "data:text,html", "\u2028",
}

var anchor = regexp.MustCompile(`<a href="([^"]*)">`)

// links are where the links of a page lead, from base.
func links(t *testing.T, base, page string) []string {
	t.Helper()
	from, err := url.Parse("http://gateway" + base)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range anchor.FindAllStringSubmatch(page, -1) {
		to, err := from.Parse(strings.NewReplacer("&amp;", "&", "&#39;", "'", "&#43;", "+").Replace(m[1]))
		if err != nil || to.Host != "gateway" || to.Scheme != "http" {
			t.Fatalf("a link leads to %q: %v", m[1], err)
		}
		all = append(all, to.RequestURI())
	}
	return all
}

// TestHostileNames: every name is shown as what it is, its link leads to it,
// and nothing of it becomes part of the page.
func TestHostileNames(t *testing.T) {
	w := newWorld(t)
	for _, name := range hostile {
		w.put(t, "d/"+name, "bytes of "+name)
		w.put(t, "e/"+name+"/f", "bytes in "+name)
	}
	w.put(t, `d/back\slash`, "is not shown")
	for dir, what := range map[string]string{"d": "bytes of ", "e": "bytes in "} {
		base := "/fs/maps/" + dir + "/"
		page := body(t, w.get(t, base))
		if strings.Contains(strings.ToLower(page), "<script") || strings.Contains(page, "<img") || strings.Count(page, "<style") != 1 || strings.Contains(page, "slash") {
			t.Errorf("a name acts:\n%s", page)
		}
		reached := map[string]bool{}
		for _, to := range links(t, base, page)[2:] { // behind those of the folders above
			if dir == "e" {
				inside := body(t, w.get(t, to))
				to = links(t, to, inside)[3]
			}
			reached[body(t, w.get(t, to))] = true
		}
		for _, name := range hostile {
			if !reached[what+name] {
				t.Errorf("no link of %s leads to %q", base, name)
			}
		}
		if len(reached) != len(hostile) {
			t.Errorf("%d links, want %d", len(reached), len(hostile))
		}
	}
}

func TestThePage(t *testing.T) {
	w := newWorld(t)
	w.put(t, "v1/sub/x", strings.Repeat("x", 2048), func(a *backend.Attr) { a.Meta = []backend.KV{{Name: "mtime", Value: "1700000000"}} })
	w.put(t, "v1/sub/y/z", "")
	answer := w.get(t, "/fs/maps/v1/sub/")
	page := body(t, answer)
	if got := links(t, "/fs/maps/v1/sub/", page); !slices.Equal(got, []string{"/fs/", "/fs/maps/", "/fs/maps/v1/", "/fs/maps/v1/sub/x", "/fs/maps/v1/sub/y/"}) {
		t.Errorf("the links lead to %q", got)
	}
	for _, want := range []string{`<html lang="en">`, "<title>/maps/v1/sub</title>", "2.0 KiB", `<time datetime="2023-11-14T22:13:20Z">2023-11-14 22:13</time>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
	style := page[strings.Index(page, "<style>")+len("<style>") : strings.Index(page, "</style>")]
	sum := sha256.Sum256([]byte(style))
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
		t.Errorf("the policy %q is not for the style of the page", policy)
	}
	d := xml.NewDecoder(strings.NewReader(page)) // it is well-formed, but for void elements
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if got := body(t, w.get(t, "/fs/")); !strings.Contains(got, `href="./maps/"`) {
		t.Errorf("the root has no dataset:\n%s", got)
	}
	if head := w.do(t, http.MethodHead, "/fs/maps/v1/sub/"); head.Header.Get("Content-Length") != fmt.Sprint(len(page)) || body(t, head) != "" {
		t.Errorf("HEAD: %v", head.Header)
	}
}

// page is a listing as programs get it.
type page struct {
	Name    string
	Entries []struct {
		Name     string
		Dir      bool
		Size     int64
		Modified time.Time
		ETag     string
	}
	Next string
}

func (w *world) list(t *testing.T, target string) page {
	t.Helper()
	answer := w.get(t, target, "Accept", "application/json")
	var p page
	if err := json.Unmarshal([]byte(body(t, answer)), &p); err != nil || answer.Header.Get("Content-Type") != "application/json" || answer.Header.Get("Vary") != "Accept" {
		t.Fatalf("GET %s: %s, %v, %v", target, answer.Status, err, answer.Header)
	}
	return p
}

func TestListingForPrograms(t *testing.T) {
	w := newWorld(t)
	info := w.put(t, "v1/x", "123")
	w.put(t, "v1/a/b", "")
	p := w.list(t, "/fs/maps/v1/")
	if p.Name != "maps/v1" || p.Next != "" || len(p.Entries) != 2 || p.Entries[0].Name != "a" || !p.Entries[0].Dir {
		t.Errorf("%+v", p)
	}
	if x := p.Entries[1]; x.Name != "x" || x.Dir || x.Size != 3 || x.ETag != `"`+info.ETag+`"` || !x.Modified.Equal(info.Modified) {
		t.Errorf("%+v", x)
	}
	if p := w.list(t, "/fs/"); len(p.Entries) != 1 || p.Entries[0].Name != dataset || p.Name != "" {
		t.Errorf("the root: %+v", p)
	}
	for accept, want := range map[string]string{
		"": "text/html", "*/*": "text/html", "text/html,application/xhtml+xml,*/*;q=0.8": "text/html",
		"application/json": "application/json", "application/json, text/html;q=0.5": "application/json", "text/html, application/json;q=0.9": "text/html",
	} {
		if got := w.get(t, "/fs/maps/", "Accept", accept).Header.Get("Content-Type"); !strings.HasPrefix(got, want) {
			t.Errorf("Accept %q: %q, want %q", accept, got, want)
		}
	}
}

func TestPages(t *testing.T) {
	w := newWorld(t)
	tx, err := w.tree.Begin(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	var want []string
	for i := range 2500 {
		name := fmt.Sprintf("f & %04d", i)
		if i%3 == 0 {
			name += "/x"
		}
		p, _ := backend.ParsePath(dataset, "d/"+name)
		if err := tx.Put(t.Context(), p, bytes.NewReader(nil), backend.PutOptions{}); err != nil {
			t.Fatal(err)
		}
		want = append(want, strings.TrimSuffix(name, "/x"))
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	var sizes []int
	for target := "/fs/maps/d/"; target != ""; {
		p := w.list(t, target)
		sizes = append(sizes, len(p.Entries))
		for _, e := range p.Entries {
			got = append(got, e.Name)
		}
		next := regexp.MustCompile(`<a rel="next" href="([^"]*)">`).FindStringSubmatch(body(t, w.get(t, target)))
		if (next != nil) != (p.Next != "") {
			t.Fatalf("%s: next page %q for programs, %q for people", target, p.Next, next)
		}
		if target = ""; next != nil {
			target = "/fs/maps/d/" + strings.ReplaceAll(next[1], "&#43;", "+")
		}
	}
	if !slices.Equal(got, want) || !slices.Equal(sizes, []int{1000, 1000, 500}) {
		t.Errorf("pages of %v names, in all %d", sizes, len(got))
	}
	if p := w.list(t, "/fs/maps/d/?after=zzz"); len(p.Entries) != 0 {
		t.Errorf("behind the last: %+v", p)
	}
}

// TestWhatIsListed is the table of what views show.
func TestWhatIsListed(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{"a", "a/b", "a.c", "a//b", "./x", "x/../y", "/lead", "ctl\x01", "m/", "m/f", "n/", "z"} {
		w.put(t, key, key)
	}
	for target, want := range map[string]string{
		"/fs/maps/": "a.c a/ m/ n/ x/ z", "/fs/maps/a/": "b", "/fs/maps/m/": "f", "/fs/maps/n/": "",
	} {
		var got []string
		for _, e := range w.list(t, target).Entries {
			if e.Dir {
				e.Name += "/"
			}
			got = append(got, e.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s has %q, want %q", target, got, want)
		}
	}
}

// TestABodyIsRefused: nobody reads it, so nobody waits for it.
func TestABodyIsRefused(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest(http.MethodGet, "http://gateway/fs/", strings.NewReader("x"))
	r.SetBasicAuth(accessKey, secretKey)
	if got := w.send(r); got.StatusCode != 400 || got.Header.Get("Connection") != "close" {
		t.Errorf("%s, %v", got.Status, got.Header)
	}
}
