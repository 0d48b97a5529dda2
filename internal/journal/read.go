package journal

import (
	"context"
	"errors"
	"fmt"

	"aetherfs/internal/store"
)

// ErrRetired: the slot's segment was folded and has made way.
var ErrRetired = errors.New("segment was retired")

// Read returns the segment of slot n of a log, for those who stand on an old
// state: ErrRetired if it is there no more, ErrFormat if it is damaged.
func Read(ctx context.Context, st store.Store, prefix string, owner [16]byte, n uint64) (*Segment, error) {
	f, err := slots{st, prefix, owner}.look(ctx, n)
	switch {
	case err != nil:
		return nil, err
	case f.damage != nil:
		return nil, f.damage
	case f.seg == nil:
		return nil, fmt.Errorf("read %s: %w", SlotKey(prefix, n), ErrRetired)
	}
	return f.seg, nil
}
