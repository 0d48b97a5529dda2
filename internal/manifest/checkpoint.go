package manifest

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// maxCheckpointRoot is the longest root node that a checkpoint carries, in
// bytes: with it, opening a log saves a request.
const maxCheckpointRoot = 64 << 10

// Checkpoint points to a committed fold. It follows from the fold's record and
// its root alone, so that it is the same whoever writes it.
type Checkpoint struct {
	Dataset ID // zero: the hub
	Fold    Fold
	Sum     Digest // SHA-256 of segment Fold.Base
	Files   int64  // of the state
	Bytes   int64  // of its files
	Node    []byte // the root; Encode leaves out a long one
}

// Encode returns the bytes of c.
func (c *Checkpoint) Encode() []byte {
	var e encoder
	e.raw([]byte(checkpointMagic))
	e.raw(c.Dataset[:])
	e.b = binary.BigEndian.AppendUint64(e.b, c.Fold.Slot)
	e.b = binary.BigEndian.AppendUint64(e.b, c.Fold.Base)
	e.raw(c.Sum[:])
	e.raw(c.Fold.Root[:])
	e.uint(uint64(c.Files))
	e.uint(uint64(c.Bytes))
	e.uint(c.Fold.Prev)
	if len(c.Node) > maxCheckpointRoot {
		e.bytes(nil)
	} else {
		e.bytes(c.Node)
	}
	sum := sha256.Sum256(e.b)
	e.raw(sum[:])
	return e.b
}

// checkpointMagic is followed by the version and the suite.
const checkpointMagic = "AECP\x01\x00"

// DecodeCheckpoint is the inverse of Encode: ErrFormat for bytes that it would
// not have written.
func DecodeCheckpoint(b []byte) (*Checkpoint, error) {
	d := &decoder{b: b}
	if body := len(b) - sha256.Size; body < 0 || sha256.Sum256(b[:body]) != Digest(b[body:]) {
		d.fail("its sum differs")
	} else {
		d.b = b[:body]
	}
	if string(d.raw(len(checkpointMagic))) != checkpointMagic {
		d.fail("magic, version or suite")
	}
	c := &Checkpoint{Dataset: d.id()}
	c.Fold.Slot, c.Fold.Base = d.uint64(), d.uint64()
	c.Sum, c.Fold.Root = d.digest(), d.digest()
	c.Files, c.Bytes = d.int(), int64(d.uint())
	c.Fold.Prev = d.uint()
	c.Node = d.bytes()
	if c.Fold.Base <= c.Fold.Prev || c.Fold.Slot <= c.Fold.Base {
		d.fail("fold of %d at %d after %d", c.Fold.Base, c.Fold.Slot, c.Fold.Prev)
	}
	if len(c.Node) > maxCheckpointRoot || len(c.Node) > 0 && sha256.Sum256(c.Node) != c.Fold.Root {
		d.fail("root of %d bytes", len(c.Node))
	}
	if err := d.end(); err != nil {
		return nil, fmt.Errorf("checkpoint of %d bytes: %w", len(b), err)
	}
	return c, nil
}

// CheckRoot compares c with the root that it points to, raw as it is stored:
// ErrFormat if that is another, or says something else.
func (c *Checkpoint) CheckRoot(raw []byte) error {
	n, err := DecodeNode(c.Fold.Root, raw)
	if err != nil {
		return err
	}
	if n.kind != kindRoot {
		return fmt.Errorf("node %s is of kind %d, not a root: %w", c.Fold.Root, n.kind, ErrFormat)
	}
	r := rootForm.at(n, 0)
	if r.dataset != c.Dataset || r.n != c.Fold.Base || r.sum != c.Sum || r.files != c.Files || r.bytes != c.Bytes {
		return fmt.Errorf("root %s is of segment %d, %s, of dataset %s with %d files of %d bytes; its checkpoint of segment %d, %s, of dataset %s with %d files of %d bytes: %w",
			c.Fold.Root, r.n, r.sum, r.dataset, r.files, r.bytes, c.Fold.Base, c.Sum, c.Dataset, c.Files, c.Bytes, ErrFormat)
	}
	return nil
}
