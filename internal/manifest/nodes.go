package manifest

import (
	"context"
	"errors"
)

// ErrGone: the store does not hold the node, so the state that names it is no
// longer kept.
var ErrGone = errors.New("node is gone")

// Nodes reads what a folded state lies in. Its methods may be called
// concurrently.
type Nodes interface {
	// Node returns the node of that name, decoded: ErrGone if the store does
	// not hold it. Any other error says that it could not be read now.
	Node(ctx context.Context, name Digest) (*Node, error)

	// Embedded describes the block embedded in an earlier segment of the log;
	// nil: that segment has none. Errors are as of Node.
	Embedded(ctx context.Context, slot uint64) (*Block, error)
}

// unread is an error that decides nothing: what a state lies in could not be
// read.
type unread struct{ err error }

func (u *unread) Error() string { return u.err.Error() }
func (u *unread) Unwrap() error { return u.err }
