package webdav

import (
	"errors"
	"net/http"
	"strconv"

	dav "golang.org/x/net/webdav"

	"aetherfs/backend"
)

// maxEntries bounds the files of one COPY, MOVE or DELETE: they are one
// transaction, which lies in memory.
const maxEntries = 10_000

var errTooMany = refuse(dav.StatusInsufficientStorage, "more than "+strconv.Itoa(maxEntries)+" files at once, or too many small ones to another dataset: nothing was done")

// delete removes a file, a directory with all that is below it, or an empty
// dataset.
func (q *request) delete() error {
	n, err := q.existing()
	if err != nil {
		return err
	}
	if n.Name == "" {
		return refuse(http.StatusForbidden, "the root cannot be deleted")
	}
	release, err := q.admit(write{name: n.Name, tree: n.Dir, member: true})
	if err != nil {
		return err
	}
	defer release()
	cond, err := q.conditions()
	if err != nil {
		return err
	}
	if err := meets(cond, n, true); err != nil {
		return err
	}
	if isDataset(n.Name) {
		err = q.tree.RemoveDataset(q.ctx, n.Name)
	} else {
		err = q.remove(n, cond)
	}
	if err != nil {
		return err
	}
	q.locks.forget(n.Name)
	return q.answered(http.StatusNoContent)
}

func (q *request) remove(n backend.Node, cond backend.Cond) error {
	dataset, _ := backend.SplitName(n.Name)
	paths, err := q.paths(n)
	if err != nil {
		return err
	}
	if n.Dir {
		cond = backend.Cond{} // a directory's are decided
	}
	_, err = q.change(dataset, func(tx backend.Tx) error {
		for _, p := range paths {
			if err := tx.Remove(q.ctx, p, cond); err != nil {
				return err
			}
		}
		return q.keepParent(tx, n.Name)
	})
	if err == nil {
		q.reviveParent(n.Name)
	}
	return err
}

// paths returns the file that a node is, or all that a directory is.
func (q *request) paths(n backend.Node) ([]backend.Path, error) {
	if !n.Dir {
		return []backend.Path{n.Info.Path}, nil
	}
	dataset, k := backend.SplitName(n.Name)
	var paths []backend.Path
	for info, err := range q.tree.List(q.ctx, dataset, backend.Query{Prefix: k + "/"}) {
		if err != nil {
			return nil, err
		}
		if len(paths) == maxEntries {
			return nil, errTooMany
		}
		paths = append(paths, info.Path)
	}
	return paths, nil
}

// keepParent puts the marker of the directory above if name, file or directory,
// is all that it holds: file systems keep empty directories.
func (q *request) keepParent(tx backend.Tx, name string) error {
	above := parent(name)
	if isDataset(above) {
		return nil
	}
	dataset, k := backend.SplitName(name)
	_, prefix := backend.SplitName(above + "/")
	for info, err := range q.tree.List(q.ctx, dataset, backend.Query{Prefix: prefix, Delimiter: "/"}) {
		if err != nil {
			return err
		}
		if info.Prefix == k+"/" || info.Prefix == "" && info.Path.Key() == k {
			continue
		}
		return nil // the marker, or another entry
	}
	return q.mark(tx, above, backend.PutOptions{})
}

// reviveParent makes the directory above again if it is gone, now that name is:
// two requests that remove the last two entries at once do not see each other
// in keepParent. What was asked for is done, whatever comes of it.
func (q *request) reviveParent(name string) {
	above := parent(name)
	if _, exists, err := q.find(above); exists || err != nil || isDataset(above) {
		return
	}
	if err := q.makeDirectory(above); err != nil && !errors.Is(err, backend.ErrExists) {
		q.Log.Warn("webdav: an emptied directory is gone", "directory", above, "error", err)
	}
}
