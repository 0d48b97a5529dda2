package backend

import (
	"errors"
	"slices"
)

// The closed list of errors that callers decide by; test with errors.Is. Each
// front end translates all of Errors in one table. Any other error is an
// internal fault.
var (
	ErrNoDataset    = errors.New("no such dataset")
	ErrNotFound     = errors.New("no such key")
	ErrNoUpload     = errors.New("no such upload")
	ErrExists       = errors.New("dataset exists")
	ErrNotEmpty     = errors.New("dataset is not empty")
	ErrPrecondition = errors.New("precondition failed")
	ErrNotModified  = errors.New("not modified")
	ErrInvalidName  = errors.New("invalid dataset name")
	ErrInvalidKey   = errors.New("invalid key")
	ErrKeyTooLong   = errors.New("key is too long")
	ErrTooLarge     = errors.New("too large")
	ErrRange        = errors.New("range not satisfiable")
	ErrInvalidPart  = errors.New("no such part")
	ErrPartOrder    = errors.New("parts are not in ascending order")
	ErrPartTooSmall = errors.New("part is too small")
	ErrDenied       = errors.New("access denied")
	ErrChanged      = errors.New("changed meanwhile") // the source of a copy was replaced between reading and commit: try again
	ErrUnavailable  = errors.New("store is unavailable")
	ErrNoSpace      = errors.New("store is full")
	ErrCorrupt      = errors.New("stored data is damaged")
)

// Errors returns the closed list.
func Errors() []error {
	return slices.Clone([]error{
		ErrNoDataset, ErrNotFound, ErrNoUpload, ErrExists, ErrNotEmpty, ErrPrecondition, ErrNotModified, ErrInvalidName,
		ErrInvalidKey, ErrKeyTooLong, ErrTooLarge, ErrRange, ErrInvalidPart, ErrPartOrder, ErrPartTooSmall, ErrDenied,
		ErrChanged, ErrUnavailable, ErrNoSpace, ErrCorrupt,
	})
}
