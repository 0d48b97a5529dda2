package webdav_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/webdav"
)

// unwritable is a tree that cannot be written.
type unwritable struct {
	backend.Tree
	err error
}

func (b unwritable) Begin(context.Context, string) (backend.Tx, error) { return nil, b.err }
func (b unwritable) CreateDataset(context.Context, string) error       { return b.err }

// unreadable is a tree that cannot be read.
type unreadable struct{ backend.Tree }

func (unreadable) Node(context.Context, string) (backend.Node, error) {
	return backend.Node{}, backend.ErrUnavailable
}

// What the store cannot do is never told as done, or as not there.
func TestAStoreThatFails(t *testing.T) {
	for err, want := range map[error]int{backend.ErrUnavailable: 503, backend.ErrNoSpace: 507, backend.ErrReadOnly: 403} {
		w := newWorld(t, func(o *webdav.Options) {
			whole := o.Tree
			o.Tree = func(who auth.Identity) backend.Tree { return unwritable{whole(who), err} }
		})
		w.put(t, "f", "f")
		w.put(t, "d/f", "f")
		w.want(t, want, "PUT", "data-set/f", "x")
		w.want(t, want, "PUT", "data-set/g", "x")
		w.want(t, want, "MKCOL", "data-set/g", "")
		w.want(t, want, "MKCOL", "new-set", "")
		for _, path := range []string{"data-set/f", "data-set/d"} {
			for _, method := range []string{"COPY", "MOVE", "DELETE"} {
				w.want(t, want, method, path, "", "Destination", "/webdav/data-set/z")
			}
			w.want(t, want, "PROPPATCH", path, fmt.Sprintf(patchBody, "<x/>"))
		}
		w.want(t, 207, "PROPFIND", "data-set", "", "Depth", "1")
		w.wantKeys(t, "d/f", "f")
	}
}

// A tree that cannot be read is not an empty one.
func TestATreeThatCannotBeRead(t *testing.T) {
	w := newWorld(t, func(o *webdav.Options) {
		o.Tree = func(auth.Identity) backend.Tree { return unreadable{} }
	})
	for _, method := range []string{"PUT", "DELETE", "MKCOL", "COPY", "MOVE", "PROPFIND", "PROPPATCH"} {
		w.want(t, 503, method, "data-set/d/f", "", "Depth", "0", "Destination", "/webdav/data-set/z")
	}
}

func TestHeadersThatAreTooMuch(t *testing.T) {
	w := newWorld(t)
	w.put(t, "f", "f")
	for _, c := range []struct {
		method, name, value string
	}{
		{"PUT", "If-None-Match", strings.Repeat(`"x",`, 10_000)}, {"PUT", "If", strings.Repeat("(<urn:x>)", 10_000)},
		{"DELETE", "If", strings.Repeat("(", 60_000)}, {"MOVE", "Destination", "/webdav/data-set/" + strings.Repeat("a/", 30_000)},
		{"MOVE", "Destination", "/webdav/data-set/" + strings.Repeat("%2e%2e/", 9_000)}, {"MOVE", "Destination", strings.Repeat("x", 60_000)},
	} {
		a := w.do(t, c.method, "data-set/f", "x", c.name, c.value)
		if a.status < 400 || a.status >= 500 && a.status != 502 {
			t.Errorf("%s with %.30s of %d bytes = %d", c.method, c.value, len(c.value), a.status)
		}
	}
	w.wantKeys(t, "f")
}
