package catalog

import (
	"context"
	"errors"
	"time"

	"aetherfs/internal/journal"
	"aetherfs/internal/manifest"
)

// Writers wait while a tail is that long, until a fold has taken it in: ten
// times what starts one (docs/design/0004, Limits). After longWait they are told
// to come back: common clients give up after a minute.
const (
	longTail      = 200_000   // records
	longTailBytes = 640 << 20 // embedded
	longWait      = 20 * time.Second
)

// Dataset is an open dataset.
type Dataset struct {
	*manifest.Dataset
	*line[*manifest.State]
	met acquaintance
}

// Commit commits records as one transaction; their small data is chunks. It
// returns a result for each record, or the verdict, or an error of the log.
func (d *Dataset) Commit(ctx context.Context, chunks []manifest.Chunk, records ...manifest.Record) ([]manifest.Result, error) {
	if d.State().Closed() {
		return nil, manifest.ErrClosed
	}
	d.met.wanted.Store(true)
	if err := d.awaitFold(ctx); err != nil {
		return nil, err
	}
	results, err := d.commit(ctx, chunks, records...)
	if errors.Is(err, journal.ErrShut) && d.State().Closed() {
		return nil, manifest.ErrClosed // meanwhile
	}
	return results, err
}

// awaitFold waits while the tail is too long: journal.ErrBusy.
func (d *Dataset) awaitFold(ctx context.Context) error {
	var patience <-chan time.Time
	for {
		folded := *d.folded.Load()
		records, bytes := d.State().Tail()
		if records < longTail && bytes < longTailBytes {
			return nil
		}
		if patience == nil {
			t := time.NewTimer(longWait)
			defer t.Stop()
			patience = t.C
		}
		select {
		case <-folded:
		case <-patience:
			return journal.ErrBusy
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
