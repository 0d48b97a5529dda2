package journal

import (
	"context"
	"slices"
	"time"

	"aetherfs/internal/sabotage"
)

// syncs says how new the state is known to be. A check is a probe of slot n+1,
// or the creation of it: when it succeeds, all that was in the log when it
// began has been applied.
type syncs struct {
	begun   uint64 // checks; each has its number
	fresh   uint64 // the highest number of a check that succeeded
	freshAt time.Time
	waiting []*syncing
	probing bool // a goroutine probes for those that wait
}

// syncing is a Sync that waits for a check that began after it came.
type syncing struct {
	after uint64     // number of the last check that began before
	done  chan error // of capacity 1
}

// Sync returns nil when every segment that was in the log when it was called
// has been applied. Calls share requests to the store: one, when nothing is
// new. An error says that this is not known: the state may be an old one.
func (l *Log) Sync(ctx context.Context) error {
	if l.o.Exclusive || sabotage.On(sabotage.ReadsStale) {
		return nil
	}
	s, err := l.join()
	if s == nil {
		return err
	}
	select {
	case err := <-s.done:
		return err
	case <-ctx.Done():
		l.leave(s)
		return ctx.Err()
	}
}

// join makes one that waits, and sees to it that somebody probes. None is
// needed when the state is new enough.
func (l *Log) join() (*syncing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.shut:
		return nil, ErrShut
	case l.o.Staleness > 0 && l.o.Now().Sub(l.syncs.freshAt) < l.o.Staleness:
		return nil, nil
	}
	s := &syncing{after: l.syncs.begun, done: make(chan error, 1)}
	if sabotage.On(sabotage.ProbeJoinedLate) {
		s.after--
	}
	l.syncs.waiting = append(l.syncs.waiting, s)
	if !l.syncs.probing {
		l.syncs.probing = true
		l.done.Go(l.probe)
	}
	return s, nil
}

func (l *Log) leave(s *syncing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.syncs.waiting = slices.DeleteFunc(l.syncs.waiting, func(w *syncing) bool { return w == s })
}

// probe checks until nobody waits.
func (l *Log) probe() {
	for l.wanted() {
		id, at := l.begin()
		switch err := l.check(l.ctx, id); {
		case err == nil:
			l.succeed(id, at)
		case l.ctx.Err() != nil:
			l.answer(id, ErrShut)
		default:
			l.answer(id, err)
		}
	}
}

// wanted reports whether somebody waits; if not, the goroutine that asks is no
// longer probing.
func (l *Log) wanted() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.syncs.probing = len(l.syncs.waiting) > 0
	return l.syncs.probing
}

// begin numbers a check.
func (l *Log) begin() (id uint64, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.syncs.begun++
	return l.syncs.begun, l.o.Now()
}

// succeed says that the check that began then has succeeded.
func (l *Log) succeed(id uint64, at time.Time) {
	l.mu.Lock()
	if id > l.syncs.fresh {
		l.syncs.fresh, l.syncs.freshAt = id, at
	}
	l.mu.Unlock()
	l.answer(id, nil)
}

// answer answers those that had come when check id began.
func (l *Log) answer(id uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.syncs.waiting = slices.DeleteFunc(l.syncs.waiting, func(s *syncing) bool {
		if s.after < id {
			s.done <- err
		}
		return s.after < id
	})
}

// check asks for slot n+1 without the turn, and takes it only when there is
// something to be applied. A commit that begins and ends meanwhile has done the
// same.
func (l *Log) check(ctx context.Context, id uint64) error {
	if err := l.sound(); err != nil {
		return err
	}
	at := l.place()
	f, err := l.look(ctx, at.N+1)
	if err != nil {
		return err
	}
	if f.nothing() && !l.stale(at, f.date) {
		l.confirm(at.N, f.date)
		return nil
	}
	if err := l.take(ctx); err != nil {
		return err
	}
	defer l.yield()
	if l.checked(id) {
		return nil
	}
	if l.at.N == at.N {
		if _, _, err := l.meet(ctx, f); err != nil {
			return err
		}
	}
	return l.catchUp(ctx)
}

// checked reports whether check id, or a later one, has succeeded.
func (l *Log) checked(id uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.syncs.fresh >= id
}
