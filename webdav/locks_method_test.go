package webdav_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"aetherfs/webdav"
)

// lockBody asks for a lock of a scope, with XML that tells of the owner.
func lockBody(scope, owner string) string {
	return `<lockinfo xmlns="DAV:"><lockscope><` + scope + `/></lockscope><locktype><write/></locktype><owner>` + owner + `</owner></lockinfo>`
}

// asAnother are the headers of a request of the other user.
func asAnother(header ...string) []string {
	return append(header, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("another:"+secretKey)))
}

// lock returns the token of a lock on a path.
func (w *world) lock(t testing.TB, path, scope string, header ...string) string {
	t.Helper()
	a := w.do(t, "LOCK", path, lockBody(scope, "me"), header...)
	if a.status/100 != 2 {
		t.Fatalf("LOCK %s = %d %s", path, a.status, a.body)
	}
	return a.header.Get("Lock-Token")
}

func TestLocksKeepUsersApart(t *testing.T) {
	w := newWorld(t)
	w.put(t, "dir/file", "x")
	token := w.lock(t, "data-set/dir/file", "exclusive", "Depth", "0")
	given := "(" + token + ")"
	for _, method := range []string{"PUT", "DELETE", "PROPPATCH"} {
		w.want(t, 423, method, "data-set/dir/file", propertyUpdate)
		w.want(t, 423, method, "data-set/dir/file", propertyUpdate, asAnother("If", given)...)
	}
	w.want(t, 423, "DELETE", "data-set/dir/", "")
	w.want(t, 423, "MOVE", "data-set/dir/", "", "Destination", "/webdav/data-set/other")
	w.want(t, 423, "LOCK", "data-set/dir/", lockBody("exclusive", "me"), asAnother()...)
	w.want(t, 403, "UNLOCK", "data-set/dir/file", "", asAnother("Lock-Token", token)...)
	w.want(t, 403, "LOCK", "data-set/dir/file", "", asAnother("If", given)...)
	w.want(t, 409, "UNLOCK", "data-set/dir", "", "Lock-Token", token)
	w.want(t, 412, "LOCK", "data-set/dir", "", "If", given)
	w.want(t, 204, "PUT", "data-set/dir/file", "mine", "If", given)
	w.want(t, 201, "COPY", "data-set/dir/file", "", asAnother("Destination", "/webdav/data-set/dir/copy")...)
	told := w.want(t, 207, "PROPFIND", "data-set/dir/file", "", "Depth", "0").body
	if !strings.Contains(told, strings.Trim(token, "<>")) || !strings.Contains(told, ">me<") {
		t.Errorf("the lock is not told: %s", told)
	}
	w.want(t, 204, "DELETE", "data-set/dir/file", "", "If", given)
	w.want(t, 201, "PUT", "data-set/dir/file", "new", asAnother()...)
}

const propertyUpdate = `<propertyupdate xmlns="DAV:"><set><prop><a xmlns="x:">1</a></prop></set></propertyupdate>`

// TestMovesOfWhatIsLocked: a token of the source is enough where the target is
// not locked, and both are needed where it is.
func TestMovesOfWhatIsLocked(t *testing.T) {
	w := newWorld(t)
	w.put(t, "a", "a")
	token := w.lock(t, "data-set/a", "exclusive")
	w.want(t, 201, "MOVE", "data-set/a", "", "Destination", "/webdav/data-set/b", "If", "("+token+")")
	w.want(t, 201, "PUT", "data-set/a", "locks do not go with a move, nor stay")
	from, to := w.lock(t, "data-set/a", "exclusive"), w.lock(t, "data-set/b", "exclusive")
	w.want(t, 423, "MOVE", "data-set/a", "", "Destination", "/webdav/data-set/b", "If", "("+from+")")
	both := fmt.Sprintf("</webdav/data-set/a> (%s) <http://gateway.example/webdav/data-set/b> (%s)", from, to)
	w.want(t, 204, "MOVE", "data-set/a", "", "Destination", "/webdav/data-set/b", "If", both)
	w.want(t, 423, "PUT", "data-set/b", "the lock of the target stays")
	w.want(t, 412, "PUT", "data-set/b", "", "If", "<http://elsewhere.example/webdav/data-set/b> ("+to+")")
}

func TestLocksOfDirectories(t *testing.T) {
	w := newWorld(t)
	w.put(t, "deep/a", "a")
	w.put(t, "flat/a", "a")
	deep, flat := w.lock(t, "data-set/deep/", "exclusive"), w.lock(t, "data-set/flat/", "exclusive", "Depth", "0")
	for path, status := range map[string]int{"deep/a": 423, "deep/new": 423, "deeper": 201, "flat/a": 204, "flat/new": 423} {
		w.want(t, status, "PUT", "data-set/"+path, "x")
	}
	w.want(t, 423, "MKCOL", "data-set/flat/dir", "")
	w.want(t, 423, "LOCK", "data-set/flat/new", lockBody("exclusive", "me"))
	w.want(t, 404, "GET", "data-set/flat/new", "")
	w.want(t, 201, "PUT", "data-set/flat/new", "x", "If", "</webdav/data-set/flat/> ("+flat+")")
	w.want(t, 201, "PUT", "data-set/deep/new", "x", "If", "("+deep+")")
	w.want(t, 204, "UNLOCK", "data-set/deep/new", "", "Lock-Token", deep)
	w.want(t, 204, "PUT", "data-set/deep/a", "x")
}

func TestLocksShared(t *testing.T) {
	w := newWorld(t)
	w.put(t, "a", "a")
	mine, theirs := w.lock(t, "data-set/a", "shared"), w.lock(t, "data-set/a", "shared", asAnother()...)
	w.want(t, 423, "LOCK", "data-set/a", lockBody("exclusive", "me"))
	w.want(t, 204, "PUT", "data-set/a", "x", "If", "("+mine+")")
	w.want(t, 204, "PUT", "data-set/a", "x", asAnother("If", "("+theirs+")")...)
	w.want(t, 423, "PUT", "data-set/a", "x", "If", "("+theirs+")")
}

// TestLocksRefused are requests that make no lock.
func TestLocksRefused(t *testing.T) {
	w := newWorld(t)
	good := lockBody("exclusive", "me")
	for _, c := range []struct {
		status       int
		path, body   string
		header, what string
	}{
		{403, "", good, "", "the root"},
		{409, "data-set/dir/", good, "", "a directory that is not there"},
		{409, "data-set/dir/file", good, "", "a file in it"},
		{409, "no-dataset", good, "", "a dataset that is not there"},
		{400, "data-set/a", "<lockinfo", "", "no XML"},
		{400, "data-set/a", "<lockinfo/>", "", "another element"},
		{400, "data-set/a", lockBody("strict", ""), "", "another scope"},
		{400, "data-set/a", good, "1", "a depth that locks have not"},
		{413, "data-set/a", lockBody("exclusive", strings.Repeat("x", 1025)), "", "a long owner"},
		{413, "data-set/a", lockBody("exclusive", strings.Repeat(" ", 1<<20)), "", "a long body"},
		{400, "data-set/a", lockBody("exclusive", `<a xmlns:p="`+strings.Repeat("s", 30_000)+`">`+strings.Repeat("<p:b/>", 5_000)+`</a>`), "", "a short body that means a long one"},
		{400, "data-set/a", "", "", "a refresh without a token"},
	} {
		if a := w.do(t, "LOCK", c.path, c.body, "Depth", c.header); a.status != c.status {
			t.Errorf("LOCK of %s = %d %s, want %d", c.what, a.status, a.body, c.status)
		}
	}
	w.want(t, 404, http.MethodGet, "data-set/a", "")
	w.want(t, 201, http.MethodPut, "data-set/a", "no lock was left")
	w.want(t, 400, "UNLOCK", "data-set/a", "", "Lock-Token", "urn:uuid:1")
}

// TestLockOwners: what is told of an owner closes nothing around it, whoever
// reads it.
func TestLockOwners(t *testing.T) {
	w := newWorld(t)
	w.put(t, "a", "a")
	a := w.want(t, 200, "LOCK", "data-set/a", lockBody("exclusive", `<x:href xmlns:x="DAV:">&lt;/owner&gt;</x:href><!-- c -->`))
	if want := `<D:owner><href xmlns="DAV:">&lt;/owner&gt;</href></D:owner>`; !strings.Contains(a.body, want) {
		t.Errorf("LOCK tells %s, want %s", a.body, want)
	}
}

func TestLockFlood(t *testing.T) {
	w := newWorld(t)
	w.put(t, "a", "a")
	var token string
	for n := range webdav.MaxUserLocks {
		token = w.lock(t, "data-set/a", "shared")
		if n == 0 {
			w.lock(t, "data-set/a", "shared", asAnother()...)
		}
	}
	w.want(t, 507, "LOCK", "data-set/a", lockBody("shared", "me"))
	w.want(t, 507, "LOCK", "data-set/new", lockBody("shared", "me"))
	w.want(t, 404, "GET", "data-set/new", "")
	w.lock(t, "data-set/a", "shared", asAnother()...)
	w.want(t, 204, "UNLOCK", "data-set/a", "", "Lock-Token", token)
	w.lock(t, "data-set/a", "shared")
}

// TestNoLockDuringAWrite: what is being written cannot be locked, so that its
// end does not surprise who has the lock.
func TestNoLockDuringAWrite(t *testing.T) {
	w := newWorld(t)
	body, more := io.Pipe()
	done := make(chan answer)
	go func() { done <- w.send(t, "PUT", "data-set/a", body) }()
	if _, err := more.Write([]byte("begun")); err != nil {
		t.Fatal(err)
	}
	w.want(t, 423, "LOCK", "data-set/a", lockBody("exclusive", "me"), asAnother()...)
	w.want(t, 423, "LOCK", "data-set/", lockBody("exclusive", "me"), asAnother()...)
	w.lock(t, "data-set/b", "exclusive", asAnother()...)
	if err := more.Close(); err != nil {
		t.Fatal(err)
	}
	if a := <-done; a.status != 201 {
		t.Errorf("PUT = %d %s, want 201", a.status, a.body)
	}
	w.lock(t, "data-set/a", "exclusive", asAnother()...)
}
