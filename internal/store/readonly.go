package store

import (
	"context"
	"fmt"
)

// ReadOnly returns s for reading: what would change it answers ErrReadOnly and
// does not reach s.
func ReadOnly(s Store) Store { return readOnly{s} }

type readOnly struct{ Store }

func (readOnly) Put(_ context.Context, key string, _ []byte, _ Cond) (Info, error) {
	return Info{}, fmt.Errorf("put %s: %w", key, ErrReadOnly)
}

func (readOnly) Delete(_ context.Context, key string) error {
	return fmt.Errorf("delete %s: %w", key, ErrReadOnly)
}
