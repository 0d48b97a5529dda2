package webdav

import (
	"errors"
	"net/http"
	"strings"

	"aetherfs/backend"
)

// directoryType is the Content-Type of the markers of directories, which s3fs,
// rclone and the consoles of S3 know.
const directoryType = "application/x-directory"

// mkcol makes a dataset at the top, and elsewhere a directory by its marker.
func (q *request) mkcol() error {
	if q.r.ContentLength != 0 {
		return refuse(http.StatusUnsupportedMediaType, "a directory is made without a body")
	}
	name := q.target.name
	if q.dropped(name) {
		return refuse(http.StatusForbidden, "side files are not kept")
	}
	_, exists, err := q.find(name)
	switch {
	case err != nil:
		return err
	case exists:
		return backend.ErrExists
	}
	if err := q.needParent(name); err != nil {
		return err
	}
	release, err := q.admit(write{name: name, member: true})
	if err != nil {
		return err
	}
	defer release()
	cond, err := q.conditions()
	if err == nil {
		err = meets(cond, backend.Node{}, false)
	}
	if err == nil {
		err = q.makeDirectory(name)
	}
	if err != nil {
		return err
	}
	return q.answered(http.StatusCreated)
}

func (q *request) makeDirectory(name string) error {
	if isDataset(name) {
		return q.tree.CreateDataset(q.ctx, name)
	}
	dataset, _ := backend.SplitName(name)
	_, err := q.change(dataset, func(tx backend.Tx) error {
		return q.mark(tx, name, backend.PutOptions{Cond: backend.Cond{IfNoneMatch: []string{"*"}}})
	})
	if errors.Is(err, backend.ErrPrecondition) {
		return backend.ErrExists
	}
	return err
}

// mark puts the marker of a directory.
func (q *request) mark(tx backend.Tx, name string, o backend.PutOptions) error {
	p, err := marker(name)
	if err != nil {
		return err
	}
	o.Attr.ContentType = directoryType
	return tx.Put(q.ctx, p, strings.NewReader(""), o)
}
