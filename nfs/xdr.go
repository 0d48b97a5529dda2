package nfs

import (
	"encoding/binary"
	"errors"

	gonfs "github.com/willscott/go-nfs"
)

// errGarbage: arguments that are not what the procedure takes.
var errGarbage = errors.New("arguments cannot be decoded")

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

func (e *encoder) string(s string) { *e = appendString(*e, s) }

// pad appends what follows n bytes, up to a multiple of four.
func (e *encoder) pad(n int) { *e = append(*e, make([]byte, -n&3)...) }

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
