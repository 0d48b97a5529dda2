package nfs

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"

	"aetherfs/backend"
)

// handleBytes is the length of a handle. NFSv3 allows 64, and it has to be a
// multiple of four: docs/design/0006.
const handleBytes = 60

// KeyBytes is the length of the key of handles.
const KeyBytes = 32

// Hash stands for a whole name: the first 16 bytes of its SHA-256.
type Hash [16]byte

// HashOf returns the hash of a name, as backend.Node has it.
func HashOf(name string) Hash {
	sum := sha256.Sum256([]byte(name))
	return Hash(sum[:len(Hash{})])
}

// handle is what clients hold of a file or directory.
//
//	offset  bytes
//	0       1      version, 1
//	1       1      kind
//	2       2      zero
//	4       8      dataset: the first bytes of the SHA-256 of its name
//	12      8      tag: likewise, of the key's first segment
//	20      16     path: Hash of the whole name
//	36      8      version of the file: likewise, of its ID; 0 of a directory
//	44      16     HMAC-SHA-256 of what is before, its first bytes
type handle struct {
	kind         kind
	dataset, tag uint64
	path         Hash
	version      uint64
}

type kind uint8

const (
	directory kind = 1
	file      kind = 2
)

const (
	handleVersion = 1
	macAt         = 44 // offset of the MAC
)

// errBadHandle: a handle that was not made with this key.
var errBadHandle = errors.New("handle was not made here")

// handleOf returns the handle of what a view shows.
func handleOf(n backend.Node) handle {
	h := handleOfDir(n.Name)
	if !n.Dir {
		h.kind, h.version = file, short(n.Info.ID)
	}
	return h
}

// handleOfDir returns the handle that a directory of this name has.
func handleOfDir(name string) handle {
	dataset, key := backend.SplitName(name)
	tag, _, _ := strings.Cut(key, "/")
	return handle{kind: directory, dataset: short(dataset), tag: short(tag), path: HashOf(name)}
}

// short is the first eight bytes of a SHA-256.
func short(s string) uint64 {
	sum := sha256.Sum256([]byte(s))
	return binary.BigEndian.Uint64(sum[:8])
}

// seal returns the bytes of a handle.
func (h handle) seal(key []byte) []byte {
	b := make([]byte, 0, macAt+sha256.Size)
	b = append(b, handleVersion, byte(h.kind), 0, 0)
	b = binary.BigEndian.AppendUint64(b, h.dataset)
	b = binary.BigEndian.AppendUint64(b, h.tag)
	b = append(b, h.path[:]...)
	b = binary.BigEndian.AppendUint64(b, h.version)
	return appendMAC(b, key)[:handleBytes]
}

// openHandle is the inverse of seal: errBadHandle.
func openHandle(key, b []byte) (handle, error) {
	if len(b) != handleBytes || !hmac.Equal(appendMAC(b[:macAt:macAt], key)[macAt:handleBytes], b[macAt:]) {
		return handle{}, errBadHandle
	}
	h := handle{
		kind:    kind(b[1]),
		dataset: binary.BigEndian.Uint64(b[4:]), tag: binary.BigEndian.Uint64(b[12:]),
		path: Hash(b[20:36]), version: binary.BigEndian.Uint64(b[36:]),
	}
	if b[0] != handleVersion || h.kind != directory && h.kind != file || b[2] != 0 || b[3] != 0 {
		return handle{}, errBadHandle
	}
	return h, nil
}

// appendMAC appends the whole HMAC of b to it.
func appendMAC(b, key []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(b)
	return mac.Sum(b)
}
