package webdav_test

import "testing"

// A lock holds for all below it, however the path is spelled, and whatever is
// told of its token by somebody else.
func TestNoSpellingPassesALock(t *testing.T) {
	w := newWorld(t)
	w.put(t, "d/f g", "f")
	w.put(t, "d/e", "f")
	const info = `<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>`
	a := w.want(t, 200, "LOCK", "data-set/d", info)
	token := a.header.Get("Lock-Token")
	another := []string{"Authorization", "Basic YW5vdGhlcjowMTIzNDU2Nzg5YWJjZGVm"}
	for _, p := range []string{"data-set/d/f%20g", "data-set/%64/f%20g", "data-set/d/%66%20%67", "data-set/d/new", "data-set/d/", "data-set/d", "data-set/%64/", "data-se%74/d"} {
		for _, m := range []string{"PUT", "DELETE", "MOVE", "PROPPATCH"} {
			for _, h := range [][]string{{}, {"If", "(" + token + ")"}, {"If", "(Not <DAV:no-lock>)"}, {"If", "<http://evil/> (Not " + token + ")"}, {"If", "</webdav/data-set/d> (" + token + ")"}} {
				h = append(append(h, another...), "Destination", "/webdav/data-set/z")
				if a := w.do(t, m, p, "<x/>", h...); a.status < 400 {
					t.Errorf("%s %s %q = %d", m, p, h, a.status)
				}
			}
		}
	}
	for _, dst := range []string{"/webdav/data-set/d/z", "/webdav/data-set/%64/z", "http://gateway.example/webdav/data-set/d/f%20g", "/webdav/data-set/d"} {
		w.put(t, "src", "x")
		w.want(t, 423, "COPY", "data-set/src", "", append(another, "Destination", dst)...)
		w.want(t, 423, "MOVE", "data-set/src", "", append(another, "Destination", dst)...)
	}
	w.want(t, 423, "DELETE", "data-set/d", "")
	w.want(t, 403, "UNLOCK", "data-set/d", "", append(another, "Lock-Token", token)...)
	w.want(t, 403, "LOCK", "data-set/d", "", append(another, "If", "("+token+")")...)
	w.want(t, 423, "LOCK", "data-set/d/new", info, another...)
	w.want(t, 204, "UNLOCK", "data-set/d", "", "Lock-Token", token)
}
