package journal

import (
	"context"
	"time"
)

// How long a committer tries to settle a slot before its waiters are told that
// the outcome is unknown: about 25 seconds, less than the minute after which
// common clients give up.
const (
	firstWait = 50 * time.Millisecond
	longWait  = 5 * time.Second
	maxWaits  = 11
)

type backoff struct {
	ctx   context.Context
	waits int
}

// wait waits before the next try; false: there is to be none.
func (b *backoff) wait() bool {
	if b.waits == maxWaits {
		return false
	}
	b.waits++
	return pause(b.ctx, min(firstWait<<(b.waits-1), longWait))
}

// pause waits for d; false: ctx ended before.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
