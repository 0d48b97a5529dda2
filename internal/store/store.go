// Package store is the port to the object store that holds everything AetherFS
// keeps: an S3 bucket or a local folder. It knows names and bytes, nothing of
// blocks or tags.
//
//  1. An object is written, replaced and removed whole, never changed in part.
//     AetherFS replaces none by other bytes, but for a folded segment, which
//     becomes a fence.
//  2. Put with IfAbsent is atomic: of any number of racing writers exactly one
//     gets nil, and a reader sees the whole object or none.
//  3. A Put that returned nil is durable.
//  4. List is in ascending byte order of the keys and shows every Put and
//     Delete that returned before it began.
package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

var (
	// ErrNotFound: there is no object of that name.
	ErrNotFound = errors.New("no such object")
	// ErrExists: the object was there already and was not written.
	ErrExists = errors.New("object exists")
	// ErrNoSpace: the store is full; reads go on.
	ErrNoSpace = errors.New("store is full")
	// ErrPoisoned: an earlier sync failed, so nothing more can be promised
	// until the store is opened again; reads go on.
	ErrPoisoned = errors.New("store refuses writes after a failed sync")
	// ErrReadOnly: the store was opened for reading only.
	ErrReadOnly = errors.New("store is read-only")
	// ErrDenied: the store will not have such a request: keys, permissions or
	// settings are wrong, and asking again changes nothing.
	ErrDenied = errors.New("store refuses the request")
	// ErrBadKey: no object can have that name; a bug of the caller.
	ErrBadKey = errors.New("bad key")
	// ErrRange: the range begins beyond the object's end, or ends there before
	// Range.Into is full.
	ErrRange = errors.New("range goes beyond the end of the object")
)

// Refused reports whether err, of a Put, says that the object was not written
// and that trying again is of no use.
func Refused(err error) bool {
	return errors.Is(err, ErrNoSpace) || errors.Is(err, ErrPoisoned) || errors.Is(err, ErrReadOnly) || errors.Is(err, ErrBadKey)
}

// Range is a part of an object, in bytes. The zero Range is the whole object.
// A negative Off counts from the end, as in an HTTP suffix range: {Off: -8} is
// the last eight bytes, or the whole of a shorter object. Len 0 means "to the
// end"; a Range that runs over the end is cut there.
type Range struct {
	Off, Len int64

	// Buf is memory that the answer may be put into, from its beginning, for
	// fresh memory is dear: a hint, and no part of what is asked for. It is the
	// store's until Get returns.
	Buf []byte

	// Into, if it is set, takes the answer, which has to be as long as all of it,
	// else it is ErrRange. It is the store's until Get returns, which returns no
	// bytes then; after an error anything may be in it.
	Into Pieces
}

// Whole reports whether r is the whole of an object, whatever its length.
func (r Range) Whole() bool { return r.Off == 0 && r.Len == 0 }

// Resolve returns the first byte and the length of r in an object of size
// bytes, or ErrRange if it begins beyond the end.
func (r Range) Resolve(size int64) (off, n int64, err error) {
	off = r.Off
	if off < 0 {
		off = max(size+off, 0)
	}
	if off > size || (off == size && size > 0 && !r.Whole()) {
		return 0, 0, fmt.Errorf("offset %d of %d bytes: %w", off, size, ErrRange)
	}
	n = size - off
	if r.Len > 0 {
		n = min(n, r.Len)
	}
	return off, n, nil
}

// Cond is a condition on a Put. The zero Cond is none.
type Cond struct {
	IfAbsent bool // write only if the name is free, atomically
}

// Info describes an object.
type Info struct {
	Key      string
	Size     int64     // of the whole object, bytes
	Modified time.Time // by the store's clock; Put, Get and List agree to within two seconds
	Date     time.Time // the store's clock when it answered; zero where it has none
}

// Store holds objects by key. Keys are made by AetherFS alone: lower-case
// ASCII letters, digits, '-', '.' and '/', at most 255 bytes, no empty segment
// and none of dots only (CheckKey); and none is another's folder, as a is of
// a/b. All methods may be called concurrently.
//
// Info.Date is set, where the store has a clock, also beside ErrNotFound and
// ErrExists: it says when the store knew that.
type Store interface {
	// Get returns the bytes of r. The caller owns them, be they in r.Buf or not;
	// if r.Into is set they are there alone. Errors: ErrNotFound, ErrRange, or
	// anything else for "unknown".
	Get(ctx context.Context, key string, r Range) ([]byte, Info, error)

	// Put writes an object; it keeps no reference to data after it returns.
	// ErrExists, ErrNoSpace, ErrPoisoned, ErrReadOnly and ErrBadKey mean that
	// it was not written. After any other error it may have been, or may be
	// later.
	Put(ctx context.Context, key string, data []byte, c Cond) (Info, error)

	// List yields the objects whose key begins with prefix and is greater than
	// after, in ascending byte order. An error ends it.
	List(ctx context.Context, prefix, after string) iter.Seq2[Info, error]

	// Delete removes an object. An absent one is not an error.
	Delete(ctx context.Context, key string) error
}
