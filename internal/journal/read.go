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

// CheckSlot reads the slot of that name and returns its number: ErrFormat if it
// holds no segment, and no fence that a checkpoint at newest covers.
// store.ErrNotFound: it holds nothing any more.
func CheckSlot(ctx context.Context, st store.Store, prefix string, owner [16]byte, key string, newest uint64) (uint64, error) {
	n, err := slotOf(prefix, key)
	if err != nil {
		return 0, err
	}
	f, err := slots{st, prefix, owner}.look(ctx, n)
	switch {
	case err != nil:
		return n, err
	case f.damage != nil:
		return n, f.damage
	case f.nothing():
		return n, fmt.Errorf("read %s: %w", key, store.ErrNotFound)
	case f.fence != nil && (f.fence.Base > newest || n > newest):
		return n, fmt.Errorf("%s is a fence for a checkpoint at %d, the newest is at %d: %w", key, f.fence.Base, newest, ErrFormat)
	}
	return n, nil
}
