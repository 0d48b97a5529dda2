package backend

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"aetherfs/dedupe"
	"aetherfs/internal/journal"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// The closed list of errors that callers decide by; test with errors.Is. Each
// front end translates all of Errors in one table. Any other error is an
// internal fault.
var (
	ErrNoDataset    = manifest.ErrNoDataset
	ErrNotFound     = manifest.ErrNotFound
	ErrNoUpload     = manifest.ErrNoUpload
	ErrExists       = manifest.ErrExists
	ErrNotEmpty     = manifest.ErrNotEmpty
	ErrPrecondition = manifest.ErrPrecondition
	ErrNotModified  = errors.New("not modified")
	ErrInvalidName  = errors.New("invalid dataset name")
	ErrInvalidKey   = errors.New("invalid key")
	ErrKeyTooLong   = errors.New("key is too long")
	ErrTooLarge     = manifest.ErrTooLarge
	ErrRange        = errors.New("range not satisfiable")
	ErrInvalidPart  = manifest.ErrInvalidPart
	ErrPartOrder    = errors.New("parts are not in ascending order")
	ErrPartTooSmall = manifest.ErrPartTooSmall
	ErrBadDigest    = errors.New("checksum does not match")
	ErrDenied       = errors.New("access denied")
	ErrChanged      = manifest.ErrChanged // the source of a copy keeps being replaced: try again
	ErrUnavailable  = errors.New("store is unavailable")
	ErrNoSpace      = store.ErrNoSpace
	ErrReadOnly     = store.ErrReadOnly
	ErrCorrupt      = dedupe.ErrCorrupt

	ErrInvalidSettings = errors.New("invalid settings")
)

// Errors returns the closed list.
func Errors() []error {
	return slices.Clone([]error{
		ErrNoDataset, ErrNotFound, ErrNoUpload, ErrExists, ErrNotEmpty, ErrPrecondition, ErrNotModified, ErrInvalidName,
		ErrInvalidKey, ErrKeyTooLong, ErrTooLarge, ErrRange, ErrInvalidPart, ErrPartOrder, ErrPartTooSmall, ErrBadDigest,
		ErrDenied, ErrChanged, ErrUnavailable, ErrNoSpace, ErrReadOnly, ErrCorrupt, ErrInvalidSettings,
	})
}

// explain makes an error of the floors below one that callers can decide by.
// What is on the list already, and a cancellation, stay as they are. An
// unknown outcome is ErrUnavailable and nothing else, whatever it was that
// failed: a full store, say, promises that nothing was written.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, journal.ErrUnknown):
		return fmt.Errorf("%w: %s", ErrUnavailable, err.Error())
	case errors.Is(err, store.ErrReadOnly):
		return fmt.Errorf("%w: %s", ErrReadOnly, err.Error())
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, manifest.ErrClosed):
		return fmt.Errorf("%w: %w", ErrNoDataset, err)
	case errors.Is(err, journal.ErrTooLarge):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	case errors.Is(err, manifest.ErrFormat):
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	for _, known := range Errors() {
		if errors.Is(err, known) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
