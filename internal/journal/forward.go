package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"aetherfs/internal/sabotage"
)

// step is how a log went on.
type step uint8

const (
	stayed  step = iota // the slot holds nothing
	applied             // its segment was applied
	jumped              // to a checkpoint that covers the slot
)

// meet goes on with what slot at.N+1 was found to hold. The turn is held.
//
//	                 ┌ nothing ─────────────────────────▶ stayed
//	Date ── fresh ───┼ segment behind ours ── Apply ────▶ applied
//	  │ stale        │                          │ ErrReload
//	  ▼        no    └ fence, other segment,    ▼
//	reload ───▶       damage ───────────────▶ reload ───▶ jumped
//	  │ ahead                                   │ not ahead
//	  └▶ jumped                                 └▶ damage, or try again
func (l *Log) meet(ctx context.Context, f found) (step, []any, error) {
	if l.stale(l.place(), f.date) {
		if ahead, err := l.reload(ctx); err != nil || ahead {
			return jumped, nil, err
		}
	}
	if sabotage.On(sabotage.FenceIgnored) && f.fence != nil {
		return stayed, nil, nil
	}
	switch {
	case f.damage != nil:
		return jumped, nil, l.explain(ctx, f.damage)
	case f.fence != nil:
		return jumped, nil, l.explain(ctx, fmt.Errorf("slot %d holds a fence for a checkpoint at %d that is not there", f.n, f.fence.Base))
	case f.seg == nil:
		l.confirm(l.at.N, f.date)
		return stayed, nil, nil
	case f.seg.Prev != l.at.Sum:
		return jumped, nil, l.explain(ctx, fmt.Errorf("segment %d does not follow segment %d", f.n, l.at.N))
	}
	verdicts, err := l.o.Apply(ctx, f.seg)
	switch {
	case err == nil:
		l.advance(f)
		return applied, verdicts, nil
	case errors.Is(err, ErrFormat):
		return jumped, nil, l.explain(ctx, fmt.Errorf("segment %d: %w", f.n, err))
	case errors.Is(err, ErrReload):
		if ahead, reloadErr := l.reload(ctx); reloadErr != nil || ahead {
			return jumped, nil, reloadErr
		}
	}
	return stayed, nil, fmt.Errorf("apply segment %d of %s: %w", f.n, l.o.Prefix, err)
}

// advance says that the segment that was found has been applied.
func (l *Log) advance(f found) {
	if f.seg.Writer != l.o.Writer {
		l.rival = l.o.Now()
	}
	at := At{N: f.n, Sum: f.seg.Sum, Date: f.date}
	if at.Date.IsZero() {
		at.Date = l.place().Date
	}
	l.move(at)
}

// confirm says that slot n+1 was empty at that date.
func (l *Log) confirm(n uint64, date time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at.N == n && date.After(l.at.Date) {
		l.at.Date = date
	}
}

// readAhead is how many segments are fetched at once while a log is caught up
// with: many, for a gateway that looks again after a minute, but of 4 MiB each.
// Who looks at one slot a round trip never reaches who writes one.
const readAhead = 16

// farBehind is after how many segments it is worth asking for a checkpoint that
// is ahead.
const farBehind = 64

// catchUp applies what stands behind the state, until a slot is empty that was
// looked at after catchUp began. The turn is held.
func (l *Log) catchUp(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	from, asked := l.at.N, false
	for width := 1; ; width = min(2*width, readAhead) {
		if err := l.sound(); err != nil {
			return err
		}
		how, err := l.goOn(ctx, l.lookAhead(ctx, width))
		if err != nil || how == stayed {
			return err
		}
		if l.at.N-from >= farBehind && !asked {
			asked = true
			if _, err := l.reload(ctx); err != nil {
				return err
			}
		}
	}
}

// goOn meets what slots were found to hold, one after the other, as long as
// there is a segment. The turn is held.
func (l *Log) goOn(ctx context.Context, slots []<-chan looked) (how step, err error) {
	for _, c := range slots {
		f := <-c
		if f.err != nil {
			return stayed, f.err
		}
		if how, _, err = l.meet(ctx, f.found); err != nil || how != applied {
			break
		}
	}
	return how, err
}

// lookAhead looks at the next slots, all at once. Each channel has its slot.
func (l *Log) lookAhead(ctx context.Context, width int) []<-chan looked {
	ahead := make([]<-chan looked, width)
	for i := range ahead {
		ahead[i] = l.fetch(ctx, &l.done, l.at.N+1+uint64(i))
	}
	return ahead
}
