package catalog

import (
	"context"
	"errors"
	"fmt"

	"aetherfs/internal/journal"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// CheckLog reads what the opening of the log has not: every checkpoint, and
// every slot below the state. An error joins all that is wrong.
func (l *line[S]) CheckLog(ctx context.Context) error {
	var wrong []error
	newest := uint64(0)
	for info, err := range l.c.o.Store.List(ctx, l.at.checkpoints, "") {
		if err != nil {
			return fmt.Errorf("list %s: %w", l.at.checkpoints, err)
		}
		cp, _, err := l.checkpoint(ctx, info.Key)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		newest = max(newest, cp.Fold.Base)
	}
	if base := l.State().Fold().Base; base > newest {
		wrong = append(wrong, fmt.Errorf("the fold of slot %d has no checkpoint: %w", base, manifest.ErrFormat))
	}
	wrong = append(wrong, l.checkSlots(ctx, newest))
	return errors.Join(wrong...)
}

// checkSlots reads the slots: segments and, up to the newest checkpoint,
// fences.
func (l *line[S]) checkSlots(ctx context.Context, newest uint64) error {
	var wrong []error
	var last uint64
	for info, err := range l.c.o.Store.List(ctx, l.at.log, "") {
		if err != nil {
			return fmt.Errorf("list %s: %w", l.at.log, err)
		}
		n, err := journal.CheckSlot(ctx, l.c.o.Store, l.at.log, l.id, info.Key, newest)
		if err == nil && last > 0 && n != last+1 {
			err = fmt.Errorf("slot %d is followed by slot %d: %w", last, n, journal.ErrFormat)
		}
		last = n
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			wrong = append(wrong, err)
		}
	}
	return errors.Join(wrong...)
}
