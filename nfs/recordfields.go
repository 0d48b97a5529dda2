package nfs

import (
	"encoding/binary"
	"math"
)

const (
	maxAuthBytes   = 400     // of a credential, RFC 5531, section 8.2
	maxHandleBytes = 64      // NFS3_FHSIZE of RFC 1813
	maxPathBytes   = 1024    // MNTPATHLEN of RFC 1813
	maxNameBytes   = 255     // what a file system of a client can hold
	maxCountBytes  = 1 << 20 // the most a reply carries: what Linux asks for at most
	maxOffset      = math.MaxInt64
)

// fields takes the fields of a record one by one, as XDR lays them out
// (RFC 4506). What is wrong is remembered, and what follows is zero.
type fields struct {
	rest []byte
	bad  bool // a field does not fit into the record, or is longer than it may be
	long bool // a name is longer than maxNameBytes
}

func (f *fields) take(n int) []byte {
	if n > len(f.rest) {
		f.bad, f.rest = true, nil
		return nil
	}
	taken := f.rest[:n]
	f.rest = f.rest[n:]
	return taken
}

func (f *fields) uint32() uint32 {
	if b := f.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (f *fields) uint64() uint64 {
	if b := f.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// opaque takes bytes with their length before and their padding behind. They
// are part of the record.
func (f *fields) opaque(most int) []byte {
	n := f.uint32()
	if int64(n) > int64(most) {
		f.bad, f.rest = true, nil
		return nil
	}
	padded := f.take(int(n+3) &^ 3)
	if padded == nil {
		return nil
	}
	return padded[:n]
}

// auth skips a credential or a verifier, and returns its flavour.
func (f *fields) auth() uint32 {
	flavour := f.uint32()
	f.opaque(maxAuthBytes)
	return flavour
}

func (f *fields) handle() { f.opaque(maxHandleBytes) }
func (f *fields) path()   { f.opaque(maxPathBytes) }
func (f *fields) word()   { f.take(4) }
func (f *fields) long64() { f.take(8) }

func (f *fields) name() { f.long = len(f.opaque(maxRecordBytes)) > maxNameBytes }

// count lowers, in the record itself, how many bytes a client asks for to
// maxCountBytes. A reply may always carry fewer.
func (f *fields) count() {
	if b := f.take(4); b != nil && binary.BigEndian.Uint32(b) > maxCountBytes {
		binary.BigEndian.PutUint32(b, maxCountBytes)
	}
}

// offset lowers, in the record itself, an offset to one that a signed integer
// holds. It is behind the end of every file as well.
func (f *fields) offset() {
	if b := f.take(8); b != nil && binary.BigEndian.Uint64(b) > maxOffset {
		binary.BigEndian.PutUint64(b, maxOffset)
	}
}
