package dedupe

import (
	"context"
	"errors"
	"fmt"

	"aetherfs/internal/store"
)

var (
	// ErrCorrupt: an object is missing, or its bytes are not those that were
	// stored. Where it is missing, store.ErrNotFound is wrapped too.
	ErrCorrupt = errors.New("stored data is damaged")
	// ErrUnavailable: the store could not be read or written. It wraps the
	// store's own error.
	ErrUnavailable = errors.New("store is unavailable")
	// ErrClosed: the engine was closed.
	ErrClosed = errors.New("engine is closed")
)

// corrupt is ErrCorrupt of the named thing.
func corrupt(what any, format string, a ...any) error {
	return fmt.Errorf("%v: %s: %w", what, fmt.Sprintf(format, a...), ErrCorrupt)
}

// twice looks again where a look found damage, past all caches: that tells a
// damaged answer from a damaged object. What is missing is not looked for again.
func twice(ctx context.Context, look func(context.Context) error) error {
	err := look(ctx)
	if errors.Is(err, ErrCorrupt) && !errors.Is(err, store.ErrNotFound) {
		return look(store.Fresh(ctx))
	}
	return err
}

// readError classifies an error of the store's Get for key, whose object must
// be there and long enough.
func readError(key string, err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrRange):
		return fmt.Errorf("read %s: %w: %w", key, ErrCorrupt, err)
	}
	return fmt.Errorf("read %s: %w: %w", key, ErrUnavailable, err)
}
