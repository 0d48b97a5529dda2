package dedupe

import (
	"context"
	"errors"
	"sync"
	"time"

	"aetherfs/internal/manifest"
)

// Limits of what Meet starts.
const (
	// maxMet bounds the blocks that wait: those of 1 TiB, which take 10 MiB.
	maxMet = 64 << 10
	// maxMetNames bounds the names of blocks that are not looked up again:
	// those of 4 TiB, which take about 12 MiB.
	maxMetNames = 256 << 10
	metFetches  = 4 // at once: clients come first
	metTries    = 4
	metWait     = time.Second // after the first try, doubled after each
)

// meeting is a block that records name, with its pool.
type meeting struct {
	pool  string
	block *manifest.Block
}

// meetings fetches the trailers of blocks that other gateways stored, so that
// this one shares their chunks. Its workers end when there is nothing to do.
type meetings struct {
	e *Engine

	mu      sync.Mutex
	names   map[manifest.Digest]struct{} // met, whatever came of it
	queue   []meeting                    // the newest last
	workers int
	idle    chan struct{} // closed while there are no workers
}

func newMeetings(e *Engine) *meetings {
	m := &meetings{e: e, names: map[manifest.Digest]struct{}{}, idle: make(chan struct{})}
	close(m.idle)
	return m
}

// Meet tells that records or nodes name these blocks, the newest last. It
// returns at once; the chunks of those that are not known here are learned in
// the background, the newest first. Blocks embedded in segments are skipped.
func (e *Engine) Meet(pool string, blocks []*manifest.Block) {
	var unknown []meeting
	for _, b := range blocks {
		if b != nil && !b.Embedded() && e.meetings.first(b.Name) &&
			!e.trailers.wasSeen(b.Name) && !e.index.knows(pool, b.Name) {
			unknown = append(unknown, meeting{pool, b})
		}
	}
	e.meetings.add(unknown)
}

// Settled waits until nothing that was met is left to be fetched and what was
// learned can be found. Errors: that of ctx, ErrClosed.
func (e *Engine) Settled(ctx context.Context) error {
	select {
	case <-e.meetings.settled():
	case <-ctx.Done():
		return ctx.Err()
	}
	if e.life.Err() != nil {
		return ErrClosed
	}
	e.o.KV.Sync()
	return nil
}

func (m *meetings) settled() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.idle
}

// add queues blocks, lets the oldest go if they are too many, and makes sure
// that there are workers.
func (m *meetings) add(unknown []meeting) {
	m.e.counts.met.Add(int64(len(unknown)))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = append(m.queue, unknown...)
	for len(m.queue) > maxMet {
		m.giveUp(m.queue[0])
		m.queue = m.queue[1:]
	}
	for range min(metFetches-m.workers, len(unknown)) {
		if !m.e.begin() {
			return
		}
		if m.workers == 0 {
			m.idle = make(chan struct{})
		}
		m.workers++
		go m.work()
	}
}

// first reports whether a name is met for the first time.
func (m *meetings) first(name manifest.Digest) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, met := m.names[name]; met {
		return false
	}
	if len(m.names) >= maxMetNames {
		clear(m.names)
	}
	m.names[name] = struct{}{}
	return true
}

// giveUp counts a block that is not learned; it may be met again. m.mu is held.
func (m *meetings) giveUp(x meeting) {
	delete(m.names, x.block.Name)
	m.e.counts.metDropped.Add(1)
}

func (m *meetings) work() {
	defer m.e.background.Done()
	for {
		x, ok := m.next()
		if !ok {
			return
		}
		if err := m.fetch(x); err != nil {
			m.mu.Lock()
			m.giveUp(x)
			m.mu.Unlock()
		}
	}
}

// next takes the newest block. There is none for a worker that may end.
func (m *meetings) next() (meeting, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.queue)
	if n == 0 || m.e.life.Err() != nil {
		m.queue = nil
		if m.workers--; m.workers == 0 {
			close(m.idle)
		}
		return meeting{}, false
	}
	x := m.queue[n-1]
	m.queue = m.queue[:n-1]
	return x, true
}

// fetch learns the chunks of x, in several tries where the store fails.
func (m *meetings) fetch(x meeting) error {
	wait := metWait
	for try := 1; ; try++ {
		t, err := m.e.trailers.meet(m.e.life, x.pool, x.block)
		if err == nil {
			m.e.index.learn(x.pool, t)
			m.e.counts.metFetched.Add(1)
			return nil
		}
		if try == metTries || errors.Is(err, ErrCorrupt) {
			return err
		}
		if err := sleep(m.e.life, wait); err != nil {
			return err
		}
		wait *= 2
	}
}

// sleep waits for d, or returns the error of ctx if that comes first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
