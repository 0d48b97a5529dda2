package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"aetherfs/internal/journal"
	"aetherfs/internal/manifest"
	"aetherfs/internal/sabotage"
	"aetherfs/internal/store"
)

// rivalMemory is for how long a log counts as shared after another gateway's
// last segment.
const rivalMemory = 10 * time.Second

// Log is a log that is open here, as upkeep sees it: the hub's, or a
// *Dataset.
type Log interface {
	Title() string // of the dataset; "the hub"
	Scope() (pool string, dataset manifest.ID)
	Tail() Tail
	Shared() bool // another gateway has written to it lately
	Fold(ctx context.Context, move Move) error
	EnsureCheckpoint(ctx context.Context) error
	Retire(ctx context.Context, after time.Duration) error
}

// Tail is what has to be replayed on top of a log's newest fold.
type Tail struct {
	Records int
	Bytes   int64     // embedded in its segments
	Since   time.Time // of its oldest segment, by the clock of its author
	Pinned  bool      // it names segments that are older still
}

// Logs returns the hub's log and those of all datasets that are open, by name.
func (c *Catalog) Logs() []Log {
	logs := []Log{c.hub}
	defer func() {
		slices.SortFunc(logs[1:], func(a, b Log) int { return strings.Compare(a.Title(), b.Title()) })
	}()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.datasets {
		select {
		case <-o.ready:
			if o.err == nil && !o.d.State().Closed() {
				logs = append(logs, o.d)
			}
		default:
		}
	}
	return logs
}

// Title implements Log.
func (l *line[S]) Title() string { return l.title }

// Scope implements Log.
func (l *line[S]) Scope() (pool string, dataset manifest.ID) { return l.pool, l.id }

// Shared implements Log.
func (l *line[S]) Shared() bool {
	return l.c.o.Now().UnixMilli()-l.rival.Load() < rivalMemory.Milliseconds()
}

// Tail implements Log.
func (l *line[S]) Tail() Tail {
	p := l.now.Load()
	t := Tail{Pinned: p.state.Pinned(), Since: time.UnixMilli(p.since)}
	t.Records, t.Bytes = p.state.Tail()
	return t
}

// Retire implements Log: segments that the newest checkpoint covers make way
// when it is that old. Which of them are still needed is known once the log was
// followed to the slot of the fold: a state that has just been loaded is at its
// base.
func (l *line[S]) Retire(ctx context.Context, after time.Duration) error {
	if sabotage.On(sabotage.RetireAtOnce) {
		after = 0
	}
	s := l.State()
	fold := s.Fold()
	if fold.Slot == 0 || s.N() < fold.Slot || s.Pinned() && !sabotage.On(sabotage.RetireAtOnce) || l.owing.Load() != nil {
		return nil
	}
	old, err := l.olderThan(ctx, checkpointKey(l.at.checkpoints, fold.Base), after)
	if err != nil || !old {
		return err
	}
	for n := 1; n > 0 && err == nil; {
		n, err = journal.Retire(ctx, l.c.o.Store, journal.RetireOptions{
			Prefix: l.at.log, Owner: l.id, UpTo: fold.Base, Base: fold.Base, Exclusive: l.c.o.Exclusive, Now: l.c.o.Now,
		})
	}
	return err
}

// olderThan reports whether an object was written that long ago, by the
// store's clock where it has one.
func (l *line[S]) olderThan(ctx context.Context, key string, age time.Duration) (bool, error) {
	_, info, err := l.c.o.Store.Get(ctx, key, store.Range{Len: 1})
	if errors.Is(err, store.ErrNotFound) {
		return false, nil // without a checkpoint nothing makes way
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", key, err)
	}
	now := info.Date
	if now.IsZero() {
		now = l.c.o.Now()
	}
	return now.Sub(info.Modified) >= age, nil
}
