package manifest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// ErrFormat: the bytes are not what this version of AetherFS writes.
var ErrFormat = errors.New("unknown format")

// encoder appends values to a buffer. Integers are unsigned LEB128 varints,
// strings and byte runs carry their length before them.
type encoder struct {
	b      []byte
	blocks []*Block       // pool blocks in the order of their first use
	index  map[Digest]int // their positions
}

func (e *encoder) byte(v byte)     { e.b = append(e.b, v) }
func (e *encoder) raw(v []byte)    { e.b = append(e.b, v...) }
func (e *encoder) uint(v uint64)   { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) int(v int64)     { e.uint(uint64(v)) }
func (e *encoder) string(v string) { e.uint(uint64(len(v))); e.b = append(e.b, v...) }
func (e *encoder) bytes(v []byte)  { e.uint(uint64(len(v))); e.raw(v) }
func (e *encoder) strings(v []string) {
	e.uint(uint64(len(v)))
	for _, s := range v {
		e.string(s)
	}
}

func (e *encoder) bool(v bool) {
	if v {
		e.byte(1)
	} else {
		e.byte(0)
	}
}

// decoder takes values off a buffer. The first error sticks, and every value
// after it is zero.
type decoder struct {
	b      []byte
	blocks []*Block
	err    error

	// Of a node:
	strict bool     // blocks are pool blocks, first named in the order of the table
	used   int      // blocks of the table that were named
	refs   []Digest // nodes that were named
	below  []*Block // blocks of nodes that lie inside
	weight int      // of those nodes
}

func (d *decoder) fail(format string, a ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format+": %w", append(a, ErrFormat)...)
		d.b = nil
	}
}

func (d *decoder) raw(n int) []byte {
	if n > len(d.b) {
		d.fail("%d bytes announced, %d there", n, len(d.b))
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) byte() byte {
	if v := d.raw(1); v != nil {
		return v[0]
	}
	return 0
}

func (d *decoder) bool() bool {
	v := d.byte()
	if v > 1 {
		d.fail("boolean %d", v)
	}
	return v == 1
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || (n > 1 && d.b[n-1] == 0) {
		d.fail("bad varint")
		return 0
	}
	d.b = d.b[n:]
	return v
}

// int takes a number that fits an int64.
func (d *decoder) int() int64 {
	v := d.uint()
	if v > math.MaxInt64 {
		d.fail("number %d is too large", v)
		return 0
	}
	return int64(v)
}

// any takes a number that may be negative.
func (d *decoder) any() int64 { return int64(d.uint()) }

// uint32 takes a number that fits a uint32.
func (d *decoder) uint32() uint32 {
	v := d.uint()
	if v > math.MaxUint32 {
		d.fail("number %d is too large", v)
		return 0
	}
	return uint32(v)
}

// count takes the length of a list whose elements have at least size bytes.
func (d *decoder) count(size int) int {
	v := d.uint()
	if v > uint64(len(d.b)/size) {
		d.fail("list of %d elements in %d bytes", v, len(d.b))
		return 0
	}
	return int(v)
}

func (d *decoder) uint64() uint64 {
	if v := d.raw(8); v != nil {
		return binary.BigEndian.Uint64(v)
	}
	return 0
}

func (d *decoder) bytes() []byte  { return slices.Clone(d.raw(d.count(1))) }
func (d *decoder) string() string { return string(d.raw(d.count(1))) }

// path takes a tag and a name in it. Together they are one key, and no other
// two are that key.
func (d *decoder) path() (tag, name string) {
	tag, name = d.string(), d.string()
	if strings.Contains(tag, "/") || tag == "" && (name == "" || strings.Index(name, "/") > 0) {
		d.fail("name %q in tag %q", name, tag)
	}
	return tag, name
}

func (d *decoder) strings() []string { return list(d, 1, (*decoder).string) }

func (d *decoder) id() (v ID)         { copy(v[:], d.raw(len(v))); return }
func (d *decoder) digest() (v Digest) { copy(v[:], d.raw(len(v))); return }

// end fails unless every byte was taken.
func (d *decoder) end() error {
	if d.err == nil && len(d.b) > 0 {
		d.fail("%d bytes left over", len(d.b))
	}
	return d.err
}

// list takes a list of elements of at least size bytes; empty gives nil.
func list[T any](d *decoder, size int, element func(*decoder) T) []T {
	n := d.count(size)
	if n == 0 {
		return nil
	}
	v := make([]T, 0, n)
	for range n {
		v = append(v, element(d))
	}
	return v
}
