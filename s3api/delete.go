package s3api

import (
	"errors"
	"net/http"

	"aetherfs/backend"
)

func (q *request) deleteObject() error {
	if err := q.checkVersion(); err != nil {
		return err
	}
	cond, err := writeCond(q.header)
	if err != nil {
		return err
	}
	if err := q.remove(cond, q.path); err != nil {
		return err
	}
	return q.sendEmpty(http.StatusNoContent)
}

// remove removes files in one step, each under cond.
func (q *request) remove(cond backend.Cond, paths ...backend.Path) error {
	tx, err := q.tree.Begin(q.ctx, q.bucket)
	if err != nil {
		return err
	}
	defer tx.Close()
	for _, p := range paths {
		if err := tx.Remove(q.ctx, p, cond); err != nil {
			return err
		}
	}
	_, err = tx.Commit(q.ctx)
	return err
}

// doomed is one key of a DeleteObjects, and what became of it.
type doomed struct {
	key  string
	path backend.Path
	cond backend.Cond
	err  error
}

// deleteObjects removes up to maxDeleteKeys objects. The keys without a
// condition go in one step; the others fail or go one by one.
func (q *request) deleteObjects() error {
	list, quiet, err := q.readDoomed()
	if err != nil {
		return err
	}
	if _, err := q.tree.Dataset(q.ctx, q.bucket); err != nil {
		return err
	}
	var free []backend.Path
	for i := range list {
		switch d := &list[i]; {
		case d.err != nil:
		case d.cond.IsZero():
			free = append(free, d.path)
		default:
			d.err = q.remove(d.cond, d.path)
		}
	}
	if len(free) > 0 {
		err := q.remove(backend.Cond{}, free...)
		for i := range list {
			if d := &list[i]; d.err == nil && d.cond.IsZero() {
				d.err = err
			}
		}
	}
	return q.sendDeleted(list, quiet)
}

func (q *request) readDoomed() (list []doomed, quiet bool, err error) {
	var doc struct {
		Quiet  bool
		Object []struct {
			Key, VersionId, ETag, LastModifiedTime, Size string
		}
	}
	if err := q.readXML("Delete", maxDeleteXML, &doc); err != nil {
		return nil, false, err
	}
	if n := len(doc.Object); n == 0 || n > maxDeleteKeys {
		return nil, false, errMalformed
	}
	for _, o := range doc.Object {
		d := doomed{key: o.Key}
		d.path, d.err = backend.ParsePath(q.bucket, o.Key)
		switch {
		case o.VersionId != "" && o.VersionId != "null":
			d.err = fail("NoSuchVersion", "The specified version does not exist.")
		case o.LastModifiedTime != "" || o.Size != "":
			d.err = notImplemented("A condition on the time or size of an object")
		case o.ETag != "":
			d.cond.IfMatch = []string{unquoted(o.ETag)}
		}
		list = append(list, d)
	}
	return list, doc.Quiet, nil
}

func (q *request) sendDeleted(list []doomed, quiet bool) error {
	d := newDoc()
	d.root("DeleteResult")
	for _, o := range list {
		switch {
		case o.err != nil:
			e := translate(o.err)
			d.open("Error")
			d.elem("Key", o.key)
			d.elem("Code", e.Code)
			d.elem("Message", e.Message)
			d.close("Error")
			q.failure = errors.Join(q.failure, o.err)
		case !quiet:
			d.open("Deleted")
			d.elem("Key", o.key)
			d.close("Deleted")
		}
	}
	d.close("DeleteResult")
	return q.sendXML(http.StatusOK, d.bytes())
}
