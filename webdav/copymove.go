package webdav

import (
	"errors"
	"net/http"

	"aetherfs/backend"
)

func (q *request) copy() error { return q.transfer(false) }
func (q *request) move() error { return q.transfer(true) }

// transfer makes one name what another is. No data moves within a dataset.
func (q *request) transfer(move bool) error {
	src, err := q.existing()
	if err != nil {
		return err
	}
	dst, err := q.destination()
	if err != nil {
		return err
	}
	t := transfer{request: q, src: src, dst: dst.name, move: move}
	if t.shallow, err = q.shallow(move); err != nil {
		return err
	}
	if err := t.check(); err != nil {
		return err
	}
	release, err := q.admit(t.writes()...)
	if err != nil {
		return err
	}
	defer release()
	if t.cond, err = q.conditions(); err != nil {
		return err
	}
	if err := meets(t.cond, src, true); err != nil {
		return err
	}
	dataset, _ := backend.SplitName(t.dst)
	_, err = q.change(dataset, t.apply)
	if errors.Is(err, backend.ErrTooLarge) {
		return errTooMany // small files of another dataset are copied in memory
	}
	if err != nil {
		return err
	}
	if move {
		q.reviveParent(src.Name)
		q.locks.forget(src.Name)
	}
	return q.answered(createdOr(t.replaced))
}

// shallow reads Depth, which is 0 for a directory without what it holds.
func (q *request) shallow(move bool) (bool, error) {
	switch depth := q.r.Header.Get("Depth"); {
	case depth == "0" && !move:
		return true, nil
	case depth == "" || depth == "infinity":
		return false, nil
	}
	return false, refuse(http.StatusBadRequest, "the depth is not one of the method's")
}

// transfer is a COPY or MOVE.
type transfer struct {
	*request
	src      backend.Node
	cond     backend.Cond // on src
	dst      string
	there    backend.Node // what is at dst before, if replaced
	replaced bool
	move     bool
	shallow  bool
}

// check decides whether it can be done.
func (t *transfer) check() (err error) {
	if err := t.checkNames(); err != nil {
		return err
	}
	if err := t.needParent(t.dst); err != nil {
		return err
	}
	if t.there, t.replaced, err = t.find(t.dst); err != nil {
		return err
	}
	switch overwrite := t.r.Header.Get("Overwrite"); {
	case overwrite != "" && overwrite != "T" && overwrite != "F":
		return refuse(http.StatusBadRequest, "Overwrite is neither T nor F")
	case overwrite == "F" && t.replaced:
		return refuse(http.StatusPreconditionFailed, "the destination is there")
	}
	return nil
}

// writes are what it changes.
func (t *transfer) writes() []write {
	w := []write{{name: t.dst, tree: t.src.Dir || t.there.Dir, member: !t.replaced}}
	if t.move {
		w = append(w, write{name: t.src.Name, tree: t.src.Dir, member: true})
	}
	return w
}

func (t *transfer) checkNames() error {
	from, _ := backend.SplitName(t.src.Name)
	to, _ := backend.SplitName(t.dst)
	switch {
	case isDataset(t.src.Name) || isDataset(t.dst):
		return refuse(http.StatusForbidden, "a dataset cannot be copied or moved")
	case t.src.Name == t.dst:
		return refuse(http.StatusForbidden, "the destination is the source")
	case within(t.dst, t.src.Name) || within(t.src.Name, t.dst):
		return refuse(http.StatusForbidden, "one of source and destination is in the other")
	case t.dropped(t.dst):
		return refuse(http.StatusForbidden, "side files are not kept")
	case t.move && from != to:
		return refuse(http.StatusBadGateway, "files are moved within a dataset only")
	}
	return nil
}

// apply puts all changes into a transaction.
func (t *transfer) apply(tx backend.Tx) error {
	if t.replaced && (t.there.Dir || t.src.Dir) {
		if err := t.clear(tx); err != nil {
			return err
		}
	}
	if t.src.Dir && t.shallow {
		return t.copyMarker(tx)
	}
	paths, err := t.paths(t.src)
	if err != nil {
		return err
	}
	for _, from := range paths {
		to, err := key(t.dst + from.String()[len(t.src.Name):])
		if err != nil {
			return err
		}
		if err := tx.Copy(t.ctx, to, from, t.options()); err != nil {
			return err
		}
		if !t.move {
			continue
		}
		if err := tx.Remove(t.ctx, from, backend.Cond{}); err != nil {
			return err
		}
	}
	if t.move && parent(t.src.Name) != parent(t.dst) {
		return t.keepParent(tx, t.src.Name)
	}
	return nil
}

// options of the copy of one file.
func (t *transfer) options() backend.CopyOptions {
	o := backend.CopyOptions{Cond: t.target()}
	if !t.src.Dir { // a directory's are decided
		o.Source = backend.ReadCond{IfMatch: t.cond.IfMatch, IfNoneMatch: t.cond.IfNoneMatch}
	}
	return o
}

// target is the condition on what a key holds that is written. Where a
// directory was shown, the file of the same name beside it was not seen, and is
// not replaced.
func (t *transfer) target() (c backend.Cond) {
	if !t.src.Dir {
		c.IfMatch = t.met[t.dst]
	}
	if t.r.Header.Get("Overwrite") == "F" || !t.src.Dir && t.replaced && t.there.Dir {
		c.IfNoneMatch = []string{"*"}
	}
	return c
}

// clear removes what is at the destination.
func (t *transfer) clear(tx backend.Tx) error {
	paths, err := t.paths(t.there)
	if err != nil {
		return err
	}
	for _, p := range paths {
		if err := tx.Remove(t.ctx, p, backend.Cond{IfMatch: t.met[t.dst]}); err != nil { // which no directory meets
			return err
		}
	}
	return nil
}

// copyMarker copies a directory without what it holds.
func (t *transfer) copyMarker(tx backend.Tx) error {
	if t.src.Info.ID == "" {
		return t.mark(tx, t.dst, backend.PutOptions{Cond: t.target()})
	}
	to, err := marker(t.dst)
	if err != nil {
		return err
	}
	return tx.Copy(t.ctx, to, t.src.Info.Path, t.options())
}
