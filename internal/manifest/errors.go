package manifest

import "errors"

// The verdicts of replay, other than success.
var (
	ErrNotFound     = errors.New("no such key")
	ErrPrecondition = errors.New("precondition failed")
	ErrNotEmpty     = errors.New("dataset is not empty")
	ErrClosed       = errors.New("dataset is closed") // nothing follows a Close
	ErrExists       = errors.New("dataset exists")
	ErrNoDataset    = errors.New("no such dataset")
	ErrNoUpload     = errors.New("no such upload")
	ErrInvalidPart  = errors.New("no such part")
	ErrPartTooSmall = errors.New("part is too small")
	ErrTooLarge     = errors.New("too large")
	ErrChanged      = errors.New("changed meanwhile")
	ErrStale        = errors.New("stale reference") // names an embedded block that the log does not hold
	ErrEpoch        = errors.New("epoch is over")   // the author had not seen a barrier
	ErrFold         = errors.New("fold is late")    // another was accepted meanwhile
	ErrNoKey        = errors.New("no such access key")
)
