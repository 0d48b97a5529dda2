package journal

import (
	"context"
	"fmt"
	"slices"
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
	for l.commitNext() {
	}
}

// commitNext commits what waits, as far as it fits one segment; false: nothing
// does, and the committer is no longer running.
func (l *Log) commitNext() bool {
	l.rest()
	l.gather()
	if l.take(l.ctx) == nil { // and else the batch is refused
		defer l.yield()
	}
	batch := l.nextBatch()
	if batch == nil {
		return false
	}
	l.commit(batch)
	return true
}
