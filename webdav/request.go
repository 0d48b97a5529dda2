package webdav

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/internal/incoming"
)

// maxHeaderETags bounds the lists of If-Match and If-None-Match.
const maxHeaderETags = 100

// request is one request on its way. It is used by one goroutine.
type request struct {
	*server
	ctx    context.Context
	w      http.ResponseWriter
	r      *http.Request
	in     *incoming.Body
	who    auth.Identity
	tree   backend.Tree
	target target
	begun  bool // the answer: what was sent cannot be taken back

	met map[string][]string // the ETag that the If header asks of a file, by name
}

// find returns what is under a name; exists is false where there is nothing.
func (q *request) find(name string) (n backend.Node, exists bool, err error) {
	if q.dropped(name) {
		return backend.Node{}, false, nil
	}
	n, err = q.tree.Node(q.ctx, name)
	if errors.Is(err, backend.ErrNotFound) || errors.Is(err, backend.ErrNoDataset) {
		return backend.Node{}, false, nil
	}
	return n, err == nil, err
}

// existing returns what the request is about, or ErrNotFound. A file is not
// what a path with '/' at its end means.
func (q *request) existing() (backend.Node, error) {
	n, exists, err := q.find(q.target.name)
	if err == nil && (!exists || q.target.slash && !n.Dir) {
		err = backend.ErrNotFound
	}
	return n, err
}

// needParent answers 409 unless the directory above a name is there.
func (q *request) needParent(name string) error {
	n, exists, err := q.find(parent(name))
	if err == nil && (!exists || !n.Dir) {
		err = refuse(http.StatusConflict, "the directory above is not there")
	}
	return err
}

// conditions reads If-Match and If-None-Match, which are on the ETag, and adds
// what the If header asks of it. The caller was admitted.
func (q *request) conditions() (c backend.Cond, err error) {
	if c.IfMatch, err = etags(q.r.Header, "If-Match"); err != nil {
		return c, err
	}
	if met := q.met[q.target.name]; met != nil {
		if len(c.IfMatch) > 0 && !slices.Contains(c.IfMatch, "*") && !slices.Contains(c.IfMatch, met[0]) {
			return c, backend.ErrPrecondition
		}
		c.IfMatch = met
	}
	c.IfNoneMatch, err = etags(q.r.Header, "If-None-Match")
	return c, err
}

// meets returns ErrPrecondition unless what is under the request's name meets
// its conditions. A directory has no ETag: of conditions only "*" can hold.
func meets(c backend.Cond, n backend.Node, exists bool) error {
	if !exists {
		if len(c.IfMatch) > 0 {
			return backend.ErrPrecondition
		}
		return nil
	}
	etag := ""
	if !n.Dir {
		etag = n.Info.ETag
	}
	return backend.ReadCond{IfMatch: c.IfMatch, IfNoneMatch: c.IfNoneMatch}.Check(etag, n.Time())
}

// etags reads a list of ETags. A weak one never equals ours for If-Match, which
// compares strongly, and is like the strong one for If-None-Match (RFC 9110,
// section 8.8.3.2).
func etags(h http.Header, name string) ([]string, error) {
	var list []string
	for s := range strings.SplitSeq(strings.Join(h.Values(name), ","), ",") {
		s = strings.TrimSpace(s)
		if s == "" {
			continue
		}
		if name == "If-None-Match" {
			s = strings.TrimPrefix(s, "W/")
		}
		list = append(list, unquoted(s))
	}
	if len(list) == 0 && h.Get(name) != "" || len(list) > maxHeaderETags {
		return nil, refuse(http.StatusBadRequest, name+" is not a list of ETags")
	}
	return list, nil
}

func unquoted(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// answered answers without a body.
func (q *request) answered(status int) error {
	if status != http.StatusNoContent {
		q.w.Header().Set("Content-Length", "0")
	}
	q.w.WriteHeader(status)
	return nil
}

// change runs f in a transaction of a dataset and commits it.
func (q *request) change(dataset string, f func(backend.Tx) error) ([]backend.Info, error) {
	tx, err := q.tree.Begin(q.ctx, dataset)
	if err != nil {
		return nil, err
	}
	defer tx.Close()
	if err := f(tx); err != nil {
		return nil, err
	}
	return tx.Commit(q.ctx)
}

// createdOr is the status of a write.
func createdOr(replaced bool) int {
	if replaced {
		return http.StatusNoContent
	}
	return http.StatusCreated
}
