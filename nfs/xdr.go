package nfs

import (
	"encoding/binary"
	"errors"

	gonfs "github.com/willscott/go-nfs"
)

// errGarbage: arguments that are not what the procedure takes.
var errGarbage = errors.New("arguments cannot be decoded")

// decoder reads XDR (RFC 4506) from the arguments of a call. Unlike the
// library's it allocates nothing for a length that was only announced. Once
// something was missing it is bad, and returns zeros.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || n > len(d.rest) {
		d.bad = true
		return make([]byte, 8)
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) uint32() uint32 { return binary.BigEndian.Uint32(d.take(4)) }
func (d *decoder) uint64() uint64 { return binary.BigEndian.Uint64(d.take(8)) }

// opaque reads bytes with their length in front, at most limit. They are part
// of the arguments.
func (d *decoder) opaque(limit int) []byte {
	n := int64(d.uint32())
	if d.bad || n > int64(limit) || n > int64(len(d.rest)) {
		d.bad = true
		return nil
	}
	b := d.take(int(n))
	d.take(padding(int(n)))
	return b
}

// padding is how many bytes follow n bytes, up to a multiple of four.
func padding(n int) int { return -n & 3 }

// encoder appends XDR.
type encoder []byte

func (e *encoder) uint32(v uint32) { *e = binary.BigEndian.AppendUint32(*e, v) }
func (e *encoder) uint64(v uint64) { *e = binary.BigEndian.AppendUint64(*e, v) }

func (e *encoder) bool(v bool) {
	if v {
		e.uint32(1)
	} else {
		e.uint32(0)
	}
}

func (e *encoder) opaque(b []byte) {
	e.uint32(uint32(len(b)))
	*e = append(*e, b...)
	e.pad(len(b))
}

func (e *encoder) string(s string) {
	e.uint32(uint32(len(s)))
	*e = append(*e, s...)
	e.pad(len(s))
}

func (e *encoder) pad(n int) { *e = append(*e, make([]byte, padding(n))...) }

// attributes appends an fattr3.
func (e *encoder) attributes(a gonfs.FileAttribute) {
	for _, v := range []uint32{uint32(a.Type), a.FileMode, a.Nlink, a.UID, a.GID} {
		e.uint32(v)
	}
	e.uint64(a.Filesize)
	e.uint64(a.Used)
	e.uint32(a.SpecData[0])
	e.uint32(a.SpecData[1])
	e.uint64(a.FSID)
	e.uint64(a.Fileid)
	for _, t := range []gonfs.FileTime{a.Atime, a.Mtime, a.Ctime} {
		e.uint32(t.Seconds)
		e.uint32(t.Nseconds)
	}
}

// someAttributes appends a post_op_attr that is there.
func (e *encoder) someAttributes(a gonfs.FileAttribute) {
	e.bool(true)
	e.attributes(a)
}

// noAttributes appends a post_op_attr that is not.
func (e *encoder) noAttributes() { e.bool(false) }
