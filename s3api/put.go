package s3api

import (
	"context"
	"fmt"
	"io"

	"aetherfs/backend"
)

// putObject stores the request's body.
func (q *request) putObject() error {
	if err := q.refuseACL(); err != nil {
		return err
	}
	attr, err := readAttr(q.header)
	if err != nil {
		return err
	}
	cond, err := writeCond(q.header)
	if err != nil {
		return err
	}
	body, err := q.openUpload(backend.MaxFileBytes, 0)
	if err != nil {
		return err
	}
	info, err := q.put(body, body.options(attr, cond))
	if err != nil {
		return err
	}
	q.w.Header().Set("ETag", quoted(info.ETag))
	writeChecksums(q.w.Header(), info.Attr.Checksums)
	return nil
}

// put stores the bytes of r as the request's object.
func (q *request) put(r io.Reader, o backend.PutOptions) (backend.Info, error) {
	tx, err := q.tree.Begin(q.ctx, q.path.Dataset)
	if err != nil {
		return backend.Info{}, err
	}
	defer tx.Close()
	if err := tx.Put(q.ctx, q.path, r, o); err != nil {
		return backend.Info{}, err
	}
	return commit(q.ctx, tx)
}

// commit commits the one change of a transaction.
func commit(ctx context.Context, tx backend.Tx) (backend.Info, error) {
	infos, err := tx.Commit(ctx)
	if err != nil {
		return backend.Info{}, err
	}
	if len(infos) != 1 {
		return backend.Info{}, fmt.Errorf("commit of one change answered %d", len(infos))
	}
	return infos[0], nil
}
