package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"aetherfs/internal/store"
)

// pending is a transaction that waits for its verdict.
type pending struct {
	tx    Tx
	bytes int
	reply chan answer // of capacity 1
}

type answer struct {
	verdict any
	err     error
}

// Commit commits a transaction and returns its verdict. It shares a segment
// with what else waits. When ctx ends first, the transaction is dropped if it
// is still queued, and else its outcome is unknown: ErrUnknown.
//
// Errors mean that the transaction did not happen, but for ErrUnknown.
func (l *Log) Commit(ctx context.Context, tx Tx) (verdict any, err error) {
	p := &pending{tx: tx, bytes: tx.bytes(), reply: make(chan answer, 1)}
	if p.bytes > MaxTxBytes || len(tx.Chunks) > maxTxChunks {
		return nil, fmt.Errorf("%d bytes, %d chunks: %w", p.bytes, len(tx.Chunks), ErrTooLarge)
	}
	if err := l.enqueue(p); err != nil {
		return nil, err
	}
	select {
	case a := <-p.reply:
		return a.verdict, a.err
	case <-ctx.Done():
	}
	if l.withdraw(p) {
		return nil, ctx.Err()
	}
	return nil, fmt.Errorf("%w: %w", ErrUnknown, ctx.Err())
}

func (l *Log) enqueue(p *pending) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.shut:
		return ErrShut
	case len(l.queue) >= maxQueued || l.queued+p.bytes > maxQueuedBytes:
		return ErrBusy
	}
	l.queue = append(l.queue, p)
	select {
	case l.arrived <- struct{}{}:
	default:
	}
	l.queued += p.bytes
	if !l.running {
		l.running = true
		l.done.Go(l.commitQueued)
	}
	return nil
}

// withdraw takes p out of the queue; false: it is under way.
func (l *Log) withdraw(p *pending) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.queue, p)
	if i < 0 {
		return false
	}
	l.queue = slices.Delete(l.queue, i, i+1)
	l.queued -= p.bytes
	return true
}

// commitQueued is the committer: it commits batches until nothing waits.
func (l *Log) commitQueued() {
	for {
		l.gather()
		batch := l.nextBatch()
		if batch == nil {
			return
		}
		l.commit(batch)
	}
}

// Limits of gather. Clients on a network of this machine's come back within a
// millisecond of their answer; 64 of them keep two cores busy for 20.
const (
	minQuiet  = time.Millisecond
	maxQuiet  = 5 * time.Millisecond
	maxGather = 20 * time.Millisecond
)

// gather waits until seven in eight of the writers that were about at the last
// commit have queued a transaction, so that those that were answered together
// share a segment again: it makes batches twice as large and costs nothing
// while the cores are busy with them. It gives up when none has come for as long
// as the store took for the last segment, within minQuiet and maxQuiet. A lone
// writer never waits.
func (l *Log) gather() {
	if l.gathered() {
		return
	}
	patience := min(max(l.took, minQuiet), maxQuiet)
	quiet, end := time.NewTimer(patience), time.NewTimer(maxGather)
	defer quiet.Stop()
	defer end.Stop()
	for !l.gathered() {
		select {
		case <-l.arrived:
			quiet.Reset(patience)
		case <-quiet.C:
			return
		case <-end.C:
			return
		case <-l.ctx.Done():
			return
		}
	}
}

// gathered reports whether there is nobody to wait for.
func (l *Log) gathered() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) == 0 || l.shut || len(l.queue) >= min(l.writers-l.writers/8, batchRecords)
}

// nextBatch takes what is queued, as far as it fits one segment. When nothing
// is, the committer is no longer running.
func (l *Log) nextBatch() []*pending {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		l.running = false
		return nil
	}
	size, records, n := 0, 0, 0
	for _, p := range l.queue {
		if n > 0 && (size+p.bytes > batchBytes || records+p.tx.Records > batchRecords) {
			break
		}
		size += p.bytes
		records += p.tx.Records
		n++
	}
	batch := slices.Clone(l.queue[:n])
	l.queue = slices.Delete(l.queue, 0, n)
	l.queued -= size
	return batch
}

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
