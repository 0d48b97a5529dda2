package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aetherfs/internal/sabotage"
)

// dateLimit is how far the store's clock may be past the time at which the log's
// end was last confirmed. It leaves 29 of the 30 days for which a fence stands
// to slow requests (invariant 3).
const dateLimit = 24 * time.Hour

// brokenWait is how long a damaged log is left alone before it is looked at
// again: seldom enough for a segment of 64 MiB, soon enough for who repairs it.
const brokenWait = 5 * time.Second

// fault is damage that was found, and when.
type fault struct {
	err error
	at  time.Time
}

// breakdown keeps err as the log's damage and returns it.
func (l *Log) breakdown(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = fault{fmt.Errorf("%s: %w: %w", l.o.Prefix, ErrBroken, err), l.o.Now()}
	return l.fault.err
}

// sound returns the damage that was found a short while ago.
func (l *Log) sound() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault.err != nil && l.o.Now().Sub(l.fault.at) < brokenWait {
		return l.fault.err
	}
	return nil
}

// stale reports whether an answer of that date, on the slot behind at, counts
// only after a reload.
func (l *Log) stale(at At, date time.Time) bool {
	if sabotage.On(sabotage.DateRuleOff) {
		return false
	}
	if l.o.Exclusive || l.o.Reload == nil || date.IsZero() {
		return false
	}
	return at.Date.IsZero() || date.Sub(at.Date) > dateLimit
}

// move says that the state is at another place now, or that this was confirmed
// to be the newest. The turn is held.
func (l *Log) move(at At) {
	l.mu.Lock()
	l.at = at
	l.mu.Unlock()
	if l.stuck != nil && l.stuck.seg.N <= at.N { // it is in the log, or never will be
		l.stuck = nil
	}
}

// reload brings the state to the newest checkpoint, and reports whether that
// was ahead. The turn is held.
func (l *Log) reload(ctx context.Context) (ahead bool, err error) {
	if l.o.Reload == nil {
		return false, nil
	}
	at, err := l.o.Reload(ctx)
	switch {
	case errors.Is(err, ErrFormat):
		return false, l.breakdown(fmt.Errorf("reload: %w", err))
	case err != nil:
		return false, fmt.Errorf("reload %s: %w", l.o.Prefix, err)
	case at.N < l.at.N:
		return false, l.breakdown(fmt.Errorf("reload went from slot %d back to %d", l.at.N, at.N))
	}
	ahead = at.N > l.at.N
	if at.Date.IsZero() { // a list of no checkpoints has no date either
		at.Date = l.place().Date
	}
	l.move(at)
	return ahead, nil
}

// explain looks for the checkpoint that makes damage of what it was told
// something that does not matter any more. The turn is held.
func (l *Log) explain(ctx context.Context, damage error) error {
	ahead, err := l.reload(ctx)
	if err == nil && !ahead {
		err = l.breakdown(damage)
	}
	return err
}
