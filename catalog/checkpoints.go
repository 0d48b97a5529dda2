package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// maxCheckpointBytes bounds what is read into memory as a checkpoint, which
// may hold a root of 64 KiB.
const maxCheckpointBytes = 1 << 20

// newest returns the newest checkpoint of the log, nil if there is none, and
// the store's clock.
func (l *line[S]) newest(ctx context.Context) (*manifest.Checkpoint, time.Time, error) {
	for info, err := range l.c.o.Store.List(ctx, l.at.checkpoints, "") {
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("list %s: %w", l.at.checkpoints, err)
		}
		cp, _, err := l.checkpoint(ctx, info.Key)
		return cp, info.Date, err
	}
	return nil, time.Time{}, nil
}

// checkpoint reads the checkpoint of that name, and the store's clock. A second
// look tells a damaged answer from a damaged object.
func (l *line[S]) checkpoint(ctx context.Context, key string) (*manifest.Checkpoint, time.Time, error) {
	cp, date, err := l.glance(ctx, key)
	if errors.Is(err, manifest.ErrFormat) {
		return l.glance(ctx, key)
	}
	return cp, date, err
}

func (l *line[S]) glance(ctx context.Context, key string) (*manifest.Checkpoint, time.Time, error) {
	raw, info, err := l.c.o.Store.Get(ctx, key, store.Range{Len: maxCheckpointBytes})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read %s: %w", key, err)
	}
	cp, err := manifest.DecodeCheckpoint(raw)
	if err == nil && (cp.Dataset != l.id || checkpointKey(l.at.checkpoints, cp.Fold.Base) != key) {
		err = fmt.Errorf("it is that of slot %d of %v: %w", cp.Fold.Base, cp.Dataset, manifest.ErrFormat)
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read %s: %w", key, err)
	}
	return cp, info.Date, nil
}

// EnsureCheckpoint makes sure that the newest fold has its checkpoint, which
// its author may have left unwritten.
func (l *line[S]) EnsureCheckpoint(ctx context.Context) error {
	owing := l.owing.Load()
	if owing == nil {
		return nil
	}
	cp := *owing
	var err error
	if cp.Node, err = l.c.nodes.bytes(ctx, l.at.nodes, cp.Fold.Root); err != nil {
		return err
	}
	key := checkpointKey(l.at.checkpoints, cp.Fold.Base)
	if _, err := l.c.o.Store.Put(ctx, key, cp.Encode(), store.Cond{IfAbsent: true}); err != nil && !errors.Is(err, store.ErrExists) {
		return fmt.Errorf("create %s: %w", key, err)
	}
	l.owing.CompareAndSwap(owing, nil)
	return nil
}

// checkpointKey is the name of the checkpoint of a base: the newest comes first
// in a listing.
func checkpointKey(folder string, base uint64) string { return fmt.Sprintf("%s%016x", folder, ^base) }
