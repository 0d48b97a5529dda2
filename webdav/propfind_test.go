package webdav_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/webdav"
)

const patchBody = `<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop>%s</D:prop></D:set></D:propertyupdate>`

func ask(names string) string { return `<D:propfind xmlns:D="DAV:">` + names + `</D:propfind>` }

func TestPropfind(t *testing.T) {
	w := newWorld(t)
	w.want(t, 201, "PUT", "data-set/a%20%3C&.txt", "12345", "Content-Language", "en")
	w.want(t, 201, "MKCOL", "data-set/d", "")
	w.want(t, 201, "PUT", "data-set/d/below", "")
	got := w.propfind(t, "data-set/", "1", "")
	file, dir := got["/webdav/data-set/a%20%3C&.txt"], got["/webdav/data-set/d/"]
	if len(got) != 3 || file == nil || dir == nil || got["/webdav/data-set/"] == nil {
		t.Fatalf("PROPFIND tells of %q", got)
	}
	for name, want := range map[string]string{
		"resourcetype": "", "displayname": "a &lt;&amp;.txt", "getcontentlength": "5", "getcontenttype": "text/plain; charset=utf-8",
	} {
		if value, ok := file[name]; !ok || value != want {
			t.Errorf("%s of a file is %q, want %q", name, value, want)
		}
	}
	if etag := strings.ReplaceAll(file["getetag"], "&#34;", `"`); etag != w.want(t, 200, "HEAD", "data-set/a%20%3C&.txt", "").header.Get("ETag") {
		t.Errorf("getetag is %q", etag)
	}
	if _, err := time.Parse(time.RFC3339, file["creationdate"]); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"getcontentlength", "getetag", "getcontenttype", "quota-available-bytes"} {
		if value, ok := dir[name]; ok {
			t.Errorf("a directory has %s %q", name, value)
		}
	}
	if !strings.Contains(dir["resourcetype"], "collection") || dir["displayname"] != "d" || dir["getlastmodified"] == "" {
		t.Errorf("a directory has %q", dir)
	}
	room := w.propfind(t, "data-set/d", "0", ask("<D:prop><D:quota-available-bytes/><D:quota-used-bytes/></D:prop>"))["/webdav/data-set/d/"]
	if len(room) != 2 || room["quota-available-bytes"] == "0" {
		t.Errorf("the room is %q", room)
	}
}

func TestPropfindOfTheRoots(t *testing.T) {
	w := newWorld(t)
	w.put(t, "f", "f")
	for path, want := range map[string]string{
		"/": "[/ /webdav/]", "/webdav": "[/webdav/ /webdav/data-set/]", "/webdav/": "[/webdav/ /webdav/data-set/]", "data-set": "[/webdav/data-set/ /webdav/data-set/f]",
	} {
		if got := fmt.Sprint(w.hrefs(t, path)); got != want {
			t.Errorf("PROPFIND %s tells of %s, want %s", path, got, want)
		}
		if got := w.propfind(t, path, "0", ""); len(got) != 1 {
			t.Errorf("PROPFIND %s with depth 0 tells of %q", path, got)
		}
	}
}

func TestBodiesOfPropfind(t *testing.T) {
	w := newWorld(t)
	w.put(t, "f", "f")
	many := strings.Repeat("<a/>", 256)
	for _, c := range []struct {
		body string
		want int
	}{
		{"", 207}, {ask("<D:allprop/>"), 207}, {ask("<D:propname/>"), 207}, {ask("<D:prop/>"), 207}, {ask("<D:prop><x/></D:prop>"), 207},
		{ask("<D:allprop/><D:include><D:quota-used-bytes/></D:include>"), 207}, {ask("<D:prop><x><y/>z</x></D:prop><D:new><D:prop/></D:new>"), 207},
		{`<?xml version="1.0"?><!-- c -->` + ask("<D:propname/>") + "\n<!-- d -->\n", 207}, {ask("<D:prop>" + many + "</D:prop>"), 207},
		{ask("<D:prop>" + many + "<b/></D:prop>"), 400},
		{"x", 400}, {"<", 400}, {ask(""), 400}, {ask("<D:allprop/><D:propname/>"), 400}, {ask("<D:prop/><D:include/>"), 400}, {ask("<D:prop>"), 400},
		{`<propfind><allprop/></propfind>`, 400}, {`<D:other xmlns:D="DAV:"><D:allprop/></D:other>`, 400}, {ask("<D:allprop/>") + "<x/>", 400}, {ask("<D:allprop/>") + "<", 400},
		{ask(`<D:prop><b:x xmlns:b=""/></D:prop>`), 400}, {`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>` + ask("<D:prop><x>&b;</x></D:prop>"), 400},
		{ask("<D:allprop/>" + strings.Repeat(" ", 64<<10)), 413}, {strings.Repeat("<a>", 10<<10), 400},
	} {
		if a := w.do(t, "PROPFIND", "data-set/f", c.body, "Depth", "0"); a.status != c.want {
			t.Errorf("PROPFIND with %.200q = %d %.200q, want %d", c.body, a.status, a.body, c.want)
		}
	}
	for depth, want := range map[string]int{"": 403, "infinity": 403, "2": 400, "-1": 400, "x": 400} {
		a := w.want(t, want, "PROPFIND", "data-set", "", "Depth", depth)
		if want == 403 && !strings.Contains(a.body, "<D:propfind-finite-depth/>") {
			t.Errorf("depth %q is answered %q", depth, a.body)
		}
	}
}

func TestDeadProperties(t *testing.T) {
	w := newWorld(t)
	w.want(t, 201, "PUT", "data-set/d", "", "Content-Type", "text/x-d")
	w.want(t, 204, "DELETE", "data-set/d", "")
	w.put(t, "d/f", "f")
	for path, href := range map[string]string{"data-set/d": "/webdav/data-set/d/", "data-set/d/f": "/webdav/data-set/d/f"} {
		w.want(t, 207, "PROPPATCH", path, fmt.Sprintf(patchBody, `<Z:a xmlns:Z="urn:z">1</Z:a><b xmlns="">&lt;<i/></b>`))
		for _, body := range []string{"", ask(`<D:prop><a xmlns="urn:z"/><b xmlns=""/><c/></D:prop>`)} {
			for depth, from := range map[string]string{"0": path, "1": path[:strings.LastIndexByte(path, '/')]} {
				if got := w.propfind(t, from, depth, body)[href]; got["a"] != "1" || !strings.HasPrefix(got["b"], "&lt;<i") {
					t.Errorf("properties of %s are %q", path, got)
				}
			}
		}
	}
	if a := w.do(t, "PROPFIND", "data-set/d/f", ask("<D:propname/>"), "Depth", "0"); strings.Contains(a.body, ">1<") || !strings.Contains(a.body, "<P:a ") {
		t.Errorf("the names are %s", a.body)
	}
	w.want(t, 204, "PUT", "data-set/d/f", "again") // what is said of a file outlives its content
	if got := w.propfind(t, "data-set/d/f", "0", "")["/webdav/data-set/d/f"]["a"]; got != "1" {
		t.Errorf("a put left the property %q", got)
	}
	before := w.want(t, 200, "HEAD", "data-set/d/f", "").header
	w.want(t, 207, "PROPPATCH", "data-set/d/f", `<D:propertyupdate xmlns:D="DAV:"><D:remove><D:prop><a xmlns="urn:z"/></D:prop></D:remove></D:propertyupdate>`)
	if got := w.propfind(t, "data-set/d/f", "0", "")["/webdav/data-set/d/f"]; got["a"] != "" || got["b"] == "" {
		t.Errorf("a property was removed, and left %q", got)
	}
	if after := w.want(t, 200, "HEAD", "data-set/d/f", "").header; after.Get("ETag") != before.Get("ETag") || after.Get("Last-Modified") != before.Get("Last-Modified") {
		t.Errorf("a patch makes of %v %v", before, after)
	}
}

func TestPropertiesThatCannotBeSet(t *testing.T) {
	w := newWorld(t)
	w.put(t, "f", "f")
	for _, c := range []struct {
		path, body, want string
	}{
		{"data-set/f", fmt.Sprintf(patchBody, "<D:getetag>x</D:getetag><x/>"), "403"},
		{"data-set/f", fmt.Sprintf(patchBody, "<x>"+strings.Repeat("long", 600)+"</x>"), "507"},
		{"data-set", fmt.Sprintf(patchBody, "<x/>"), "403"},
		{"/webdav/", fmt.Sprintf(patchBody, "<x/>"), "403"},
	} {
		if a := w.want(t, 207, "PROPPATCH", c.path, c.body); !strings.Contains(a.body, c.want) || strings.Contains(a.body, "200 OK") {
			t.Errorf("PROPPATCH %s answers %s, want %s", c.path, a.body, c.want)
		}
	}
	for body, want := range map[string]int{"": 400, "x": 400, fmt.Sprintf(patchBody, ""): 400, fmt.Sprintf(patchBody, "<x>"+strings.Repeat("y", 64<<10)+"</x>"): 413} {
		w.want(t, want, "PROPPATCH", "data-set/f", body)
	}
	w.want(t, 404, "PROPPATCH", "data-set/none", fmt.Sprintf(patchBody, "<x/>"))
	if got := w.propfind(t, "data-set/f", "0", "")["/webdav/data-set/f"]; got["x"] != "" {
		t.Errorf("properties are %q", got)
	}
}

// counted counts what is read of a listing.
type counted struct {
	backend.Tree
	nodes *int
	fail  int // the node at which the listing fails; 0: none
}

var errListing = errors.New("listing failed")

func (c counted) ReadDir(ctx context.Context, name, after string) iter.Seq2[backend.Node, error] {
	return func(yield func(backend.Node, error) bool) {
		for i := 0; i < 1_000_000; i++ {
			if *c.nodes++; *c.nodes == c.fail {
				yield(backend.Node{}, errListing)
				return
			}
			if !yield(backend.Node{Name: fmt.Sprintf("%s/%07d", name, i)}, nil) {
				return
			}
		}
	}
}

// leaver is a client that goes after some bytes.
type leaver struct {
	*httptest.ResponseRecorder
	left int
}

func (l *leaver) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errors.New("gone")
	}
	return len(p), nil
}

// A directory of a million names is not read before the first bytes of the
// answer leave, and no further than the client listens.
func TestAListingIsSentAsItIsRead(t *testing.T) {
	var tree counted
	w := newWorld(t, func(o *webdav.Options) {
		whole := o.Tree
		o.Tree = func(who auth.Identity) backend.Tree { tree.Tree = whole(who); return tree }
	})
	for _, fail := range []int{0, 5_000} {
		nodes := 0
		tree = counted{nodes: &nodes, fail: fail}
		r := httptest.NewRequest("PROPFIND", "/webdav/data-set", http.NoBody)
		r.Header.Set("Depth", "1")
		r.SetBasicAuth(accessKey, secretKey)
		left := 256 << 10
		if fail > 0 {
			left = 1 << 30
		}
		func() {
			defer func() {
				if fault := recover(); fault != http.ErrAbortHandler {
					t.Errorf("an answer that ends early ends with %v", fault)
				}
			}()
			w.handler.ServeHTTP(&leaver{httptest.NewRecorder(), left}, r)
		}()
		if nodes > 10_000 {
			t.Errorf("%d nodes were read", nodes)
		}
	}
}
