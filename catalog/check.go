package catalog

import (
	"context"
	"errors"
	"fmt"

	"aetherfs/internal/journal"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// CheckHub is CheckLog of the hub's log.
func (c *Catalog) CheckHub(ctx context.Context) error { return c.hub.CheckLog(ctx) }

// CheckLog reads what the opening of the log has not: every checkpoint, and
// every slot below the state. An error joins all that is wrong. A fold that has
// no checkpoint yet is well: the one before and the segments since say the same,
// or one of them is missed.
func (l *line[S]) CheckLog(ctx context.Context) error {
	var wrong []error
	var newest *manifest.Checkpoint
	for info, err := range l.c.o.Store.List(ctx, l.at.checkpoints, "") {
		if err != nil {
			return fmt.Errorf("list %s: %w", l.at.checkpoints, err)
		}
		cp, _, err := l.checkpoint(ctx, info.Key)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		if newest == nil { // it comes first
			newest = cp
		}
	}
	var covered uint64
	if newest != nil {
		covered = newest.Fold.Base
		wrong = append(wrong, l.checkRoot(ctx, newest))
	}
	return errors.Join(append(wrong, l.checkSlots(ctx, covered))...)
}

// checkRoot reads the root that a checkpoint points to, and may hold too, and
// compares the two.
func (l *line[S]) checkRoot(ctx context.Context, cp *manifest.Checkpoint) error {
	raw, err := l.c.nodes.fetch(ctx, l.at.nodes, cp.Fold.Root)
	if err != nil {
		return err
	}
	if err := cp.CheckRoot(raw); err != nil {
		return fmt.Errorf("read %s: %w", nodeKey(l.at.nodes, cp.Fold.Root), err)
	}
	return nil
}

// checkSlots reads the slots: segments and, up to the newest checkpoint,
// fences. Above it none may be missing; below, whoever slept through the life of
// a fence may have put one back where its neighbours are gone.
func (l *line[S]) checkSlots(ctx context.Context, newest uint64) error {
	var wrong []error
	var last uint64
	for info, err := range l.c.o.Store.List(ctx, l.at.log, "") {
		if err != nil {
			return fmt.Errorf("list %s: %w", l.at.log, err)
		}
		n, err := journal.CheckSlot(ctx, l.c.o.Store, l.at.log, l.id, info.Key, newest)
		if before := max(last, newest); err == nil && n > before+1 {
			err = fmt.Errorf("slot %d is followed by slot %d: %w", before, n, journal.ErrFormat)
		}
		last = n
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}
