package journal

import (
	"context"
	"errors"
	"time"

	"aetherfs/internal/store"
)

// RetireOptions says what of a log may go.
type RetireOptions struct {
	Prefix string   // of the slots' names, with a '/' at its end
	Owner  [16]byte // the dataset; zero: the hub

	// UpTo is the last slot that no state may need any more: a checkpoint
	// covers it, and has done so for long enough. Nothing above it is touched.
	UpTo uint64
	// Base of that checkpoint, at least UpTo. Fences name it.
	Base uint64

	Exclusive bool             // nobody else has the store open: no fences are needed
	Now       func() time.Time // for stores without a clock
}

// Retire replaces segments up to o.UpTo by fences and removes fences that are
// old, a bounded number of both in a call, in ascending order. It returns how
// many slots it has changed; when that is zero nothing was left to do. It may
// be stopped anywhere, and run by several gateways at once.
func Retire(ctx context.Context, st store.Store, o RetireOptions) (n int, err error) {
	return 0, errors.ErrUnsupported
}
