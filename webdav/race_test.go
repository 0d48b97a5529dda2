package webdav_test

import (
	"context"
	"fmt"
	"testing"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/webdav"
)

// raced is a tree in which something happens before a transaction is committed,
// as another gateway may do it. Once.
type raced struct {
	backend.Tree
	rival *func()
}

type racedTx struct {
	backend.Tx
	rival *func()
}

func (r raced) Begin(ctx context.Context, dataset string) (backend.Tx, error) {
	tx, err := r.Tree.Begin(ctx, dataset)
	return racedTx{tx, r.rival}, err
}

func (r racedTx) Commit(ctx context.Context) ([]backend.Info, error) {
	if rival := *r.rival; rival != nil {
		*r.rival = nil
		rival()
	}
	return r.Tx.Commit(ctx)
}

func newRacedWorld(t *testing.T) (w *world, rival *func()) {
	rival = new(func())
	w = newWorld(t, func(o *webdav.Options) {
		whole := o.Tree
		o.Tree = func(who auth.Identity) backend.Tree { return raced{whole(who), rival} }
	})
	return w, rival
}

// What a request is conditional on holds when it is committed, or nothing is
// changed: what another has written meanwhile is not lost.
func TestConditionsHoldAtTheCommit(t *testing.T) {
	const etag = "8fa14cdd754f91cc6554c9e71929cce7" // MD5 of "f"
	for _, c := range []struct {
		method, path string
		written      string // meanwhile, by another
		name, value  string // of the condition
	}{
		{method: "PUT", path: "f", written: "f", name: "If-Match", value: `"` + etag + `"`},
		{method: "PUT", path: "f", written: "f", name: "If", value: `(["` + etag + `"])`},
		{method: "PUT", path: "f", written: "f", name: "If", value: `(<urn:x>) (["` + etag + `"])`},
		{method: "PUT", path: "g", written: "g", name: "If-None-Match", value: "*"},
		{method: "DELETE", path: "f", written: "f", name: "If-Match", value: `"` + etag + `"`},
		{method: "DELETE", path: "f", written: "f", name: "If", value: `</webdav/data-set/f> (["` + etag + `"])`},
		{method: "COPY", path: "f", written: "g", name: "Overwrite", value: "F"},
		{method: "MOVE", path: "f", written: "g", name: "Overwrite", value: "F"},
		{method: "COPY", path: "d", written: "g/f", name: "Overwrite", value: "F"},
		{method: "MOVE", path: "d", written: "g/f", name: "Overwrite", value: "F"},
		{method: "COPY", path: "f", written: "f", name: "If-Match", value: `"` + etag + `"`},
		{method: "MOVE", path: "f", written: "f", name: "If-Match", value: `"` + etag + `"`},
		{method: "MOVE", path: "f", written: "f", name: "If", value: `(["` + etag + `"])`},
		{method: "COPY", path: "f", written: "g", name: "If", value: `</webdav/data-set/g> (["` + etag + `"])`},
		{method: "MOVE", path: "d", written: "g", name: "If", value: `</webdav/data-set/g> (["` + etag + `"])`},
	} {
		t.Run(fmt.Sprintf("%s %s %s", c.method, c.path, c.name), func(t *testing.T) {
			w, rival := newRacedWorld(t)
			w.put(t, "f", "f")
			w.put(t, "d/f", "f")
			if c.name == "If" {
				w.put(t, "g", "f")
			}
			*rival = func() { w.put(t, c.written, "another's") }
			w.want(t, 412, c.method, "data-set/"+c.path, "mine", "Destination", "/webdav/data-set/g", c.name, c.value)
			if got, _ := w.read(t, c.written); got != "another's" {
				t.Errorf("%s is %q, which is not what another has written", c.written, got)
			}
		})
	}
}

// Two who set properties of one file at once both find theirs.
func TestPropertiesThatAreSetAtOnce(t *testing.T) {
	for _, path := range []string{"f", "d", "m"} {
		w, rival := newRacedWorld(t)
		w.put(t, "f", "f")
		w.put(t, "d/f", "f")
		w.put(t, "m/", "")
		*rival = func() { w.want(t, 207, "PROPPATCH", "data-set/"+path, fmt.Sprintf(patchBody, "<theirs/>")) }
		w.want(t, 207, "PROPPATCH", "data-set/"+path, fmt.Sprintf(patchBody, "<mine/>"))
		for _, found := range w.propfind(t, "data-set/"+path, "0", "") {
			for _, name := range []string{"mine", "theirs"} {
				if _, ok := found[name]; !ok {
					t.Errorf("of %s the property %q is lost", path, name)
				}
			}
		}
	}
}
