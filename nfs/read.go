package nfs

import (
	"context"
)

// readReplyBytes is what the results of READ have beside the bytes, rounded up.
const readReplyBytes = 128

// read: handle, offset, count → attributes, count, whether the file ends there,
// bytes.
func (v *view) read(ctx context.Context, d *fields) (encoder, error) {
	h, err := v.handle(d)
	off, count := d.uint64(), d.uint32()
	switch {
	case err != nil:
		return nil, err
	case d.bad:
		return nil, errGarbage
	}
	o, err := v.open(ctx, h)
	if err != nil {
		return nil, err
	}
	size := uint64(o.file.Info.Size)
	off = min(off, size)
	n := min(uint64(count), size-off, uint64(v.share()))
	e := make(encoder, 0, readReplyBytes+n)
	e = append(e, succeeded()...)
	e.someAttributes(attributesOf(o.node))
	e.uint32(uint32(n))
	e.bool(off+n == size)
	e.uint32(uint32(n))
	at := len(e)
	e = e[:at+int(n)]
	if err := o.readAt(e[at:], int64(off)); err != nil {
		v.files.drop(h) // it tells when it is opened again whether it is still there
		return nil, err
	}
	e.pad(int(n))
	return e, nil
}
