package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"aetherfs/internal/store"
)

// attempt is a batch on its way into a slot.
type attempt struct {
	batch []*pending
	seg   *Segment
	data  []byte
	sent  bool // at least once with unknown outcome
}

func (a *attempt) fail(err error) {
	for _, p := range a.batch {
		p.reply <- answer{err: err}
	}
	a.batch = nil
}

func (l *Log) commit(batch []*pending) {
	a := &attempt{batch: batch}
	if l.ctx.Err() != nil {
		a.fail(ErrShut)
		return
	}
	if l.stuck != nil { // an older one comes first
		if err := l.settle(l.stuck); err != nil {
			a.fail(err)
			return
		}
		l.stuck = nil
	}
	if err := l.assemble(a); err != nil {
		a.fail(err)
		return
	}
	if err := l.settle(a); err != nil {
		if !a.sent {
			a.fail(err)
			return
		}
		a.fail(fmt.Errorf("%w: %w", ErrUnknown, err))
		l.stuck = a
	}
}

// assemble makes the segment of a batch, but for its slot.
func (l *Log) assemble(a *attempt) error {
	s := &Segment{Owner: l.o.Owner, Writer: l.o.Writer}
	if _, err := io.ReadFull(l.o.Rand, s.Batch[:]); err != nil {
		return fmt.Errorf("batch id: %w", err)
	}
	var chunks []Chunk
	for _, p := range a.batch {
		s.Txs = append(s.Txs, Framed{uint32(len(chunks)), p.tx.Payload})
		chunks = append(chunks, p.tx.Chunks...)
	}
	if len(chunks) > 0 {
		block, err := l.o.Pack(chunks)
		if err != nil {
			return fmt.Errorf("pack %d chunks: %w", len(chunks), err)
		}
		s.Block = block
	}
	a.seg = s
	return nil
}

// settle sends an attempt to the next slot, and to the one after when that
// turns out to be another's, until it is known to be in the log; then it is
// applied and its waiters are answered. An error leaves it where it is: with
// a.sent the outcome is unknown and settle must be called again before any
// other attempt; without, it was not written.
func (l *Log) settle(a *attempt) error {
	for {
		if l.broken != nil {
			return l.broken
		}
		if !a.sent {
			a.seg.N, a.seg.Prev = l.n+1, l.sum
			a.seg.Epoch, a.seg.Time = l.o.Epoch(), l.o.Now().UnixMilli()
			a.data = a.seg.Encode()
		}
		begun := l.o.Now()
		s, err := l.create(a)
		if err != nil {
			return err
		}
		l.took = l.o.Now().Sub(begun)
		a.sent = s.Batch == a.seg.Batch
		verdicts, err := l.advance(s)
		if err != nil {
			return err
		}
		if !a.sent {
			if len(a.batch) == 0 { // told that it may happen; now it is known that it did not
				return nil
			}
			continue
		}
		if l.o.Committed != nil {
			l.o.Committed(len(s.Txs), len(a.data))
		}
		l.mu.Lock()
		l.writers = len(a.batch) + len(l.queue)
		l.mu.Unlock()
		for i, p := range a.batch {
			p.reply <- answer{verdict: verdicts[i]}
		}
		return nil
	}
}

// create puts a's bytes into its slot and returns the segment that is there:
// a's own, or another's.
func (l *Log) create(a *attempt) (*Segment, error) {
	key := SlotKey(l.o.Prefix, a.seg.N)
	for retry := (backoff{ctx: l.ctx}); ; {
		_, err := l.st.Put(l.ctx, key, a.data, store.Cond{IfAbsent: true})
		switch {
		case err == nil:
			return a.seg, nil
		case store.Refused(err):
			return nil, fmt.Errorf("create %s: %w", key, err)
		case !errors.Is(err, store.ErrExists):
			a.sent = true
		}
		s, readErr := l.read(l.ctx, a.seg.N)
		switch {
		case readErr == nil:
			return s, nil
		case errors.Is(readErr, ErrFormat):
			return nil, l.breakdown(readErr)
		}
		if !errors.Is(readErr, store.ErrNotFound) {
			err = readErr
		}
		if !retry.wait() {
			return nil, fmt.Errorf("create %s: %w", key, err)
		}
	}
}

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
	t := time.NewTimer(min(firstWait<<b.waits, longWait))
	defer t.Stop()
	b.waits++
	select {
	case <-t.C:
		return true
	case <-b.ctx.Done():
		return false
	}
}
