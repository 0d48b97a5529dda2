// Package journal keeps an ordered history in a store: numbered slots, each
// written once. It is the only commit point of AetherFS. What a transaction
// means is not its business.
//
//  1. Segment n counts when it exists and n-1 is settled. Nothing else
//     changes a state.
//  2. A client is told only after its segment is durable, and by the verdict
//     that replay gives.
//  3. A slot's name is never reused: a segment that was folded into a
//     checkpoint gives way to a fence, and a fence to nothing 30 days later.
//     When the store's clock is a day past the time at which n was last known
//     to be the newest, what slot n+1 holds, or that it holds nothing, counts
//     only after the newest checkpoint has been read.
//  4. A batch goes on to slot n+1 only when slot n is known to be another's.
//     A retry at n carries the same bytes. A batch that may have been in a
//     slot that was folded is never sent again: its outcome is unknown.
//  5. Segments are applied in order, each once, whoever wrote them.
//  6. No lease, no lock, and no clock but the store's in 3 is needed for any
//     of this.
//  7. Damage is what no newer checkpoint explains.
package journal

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"aetherfs/internal/store"
)

// Limits of a log.
const (
	batchBytes     = 4 << 20   // of transactions and small data that share a segment
	batchRecords   = 5000      // of records that share a segment
	MaxTxBytes     = 64 << 20  // of one transaction with its small data
	maxTxChunks    = 256 << 10 // of its small data; the trailer of a block lists 400,000 in its 16 MiB
	chunkBytes     = 40        // that a chunk takes in an embedded block beside its data: digest, length, share of its frame
	maxQueued      = 10_000    // transactions that wait; more are refused
	maxQueuedBytes = 256 << 20 // of transactions that wait
)

var (
	// ErrUnknown: the transaction may have happened, or may happen yet.
	ErrUnknown = errors.New("outcome of the commit is unknown")
	// ErrTooLarge: a transaction of more than MaxTxBytes or maxTxChunks.
	ErrTooLarge = errors.New("transaction is too large")
	// ErrBroken: a segment of the log cannot be read or understood, so
	// nothing more can be decided.
	ErrBroken = errors.New("log is damaged")
	// ErrBusy: as many transactions, or bytes of them, as may wait do already.
	ErrBusy = errors.New("too many transactions wait")
	// ErrReload: what Apply needs of the store has been collected, so there is
	// a newer checkpoint.
	ErrReload = errors.New("state is older than the newest checkpoint")
	// ErrShut: the log was shut by Close.
	ErrShut = errors.New("log is shut")
)

// Chunk is small data that rides in the segment of its transaction.
type Chunk struct {
	Digest [32]byte
	Data   []byte
}

// Tx is a transaction to be committed.
type Tx struct {
	Payload []byte
	Records int     // for the limit on a batch
	Chunks  []Chunk // embedded; the payload names them by their position
}

// bytes is what t takes in a segment, at most.
func (t *Tx) bytes() int {
	n := len(t.Payload) + chunkBytes*len(t.Chunks)
	for _, c := range t.Chunks {
		n += len(c.Data)
	}
	return n
}

// Options of Open.
type Options struct {
	Prefix string    // of the slots' names, with a '/' at its end
	Owner  [16]byte  // the dataset; zero: the hub
	Writer [16]byte  // this process
	Rand   io.Reader // of batch ids; logs that share it read it concurrently
	Now    func() time.Time

	// Apply takes the next segment into the state and returns a verdict for
	// each of its transactions. Calls come one at a time, in order, and never
	// beside one of Reload. It may keep s, but not s.Block. An error leaves
	// the state as it was: ErrFormat breaks the log until the segment, looked
	// at again now and then, is taken; ErrReload asks for Reload; any other
	// says nothing about the segment, which is brought again when it is needed.
	Apply func(ctx context.Context, s *Segment) (verdicts []any, err error)
	// Reload brings the state to the newest checkpoint if that is ahead of it,
	// and says where the state then is. It is called when slots may have been
	// folded away, and first of all by Open. ErrFormat means that the
	// checkpoint is damaged; any other error decides nothing. Nil: nothing is
	// ever folded.
	Reload func(ctx context.Context) (At, error)

	// Exclusive: nobody else writes to the store, so that reads need no probe.
	Exclusive bool
	// Staleness is the time for which Sync trusts what was known when the
	// last probe or commit began.
	Staleness time.Duration

	// Epoch is the collection epoch of the state.
	Epoch func() uint64
	// Pack makes the embedded block of a segment: chunk i of it is chunks[i].
	Pack func(chunks []Chunk) ([]byte, error)

	// Committed, if set, is told of each segment of ours: how many
	// transactions it had, and its size.
	Committed func(txs, bytes int)
}

// At is a place in a log: behind segment N.
type At struct {
	N    uint64
	Sum  [32]byte  // Segment.Sum of segment N; zero for N = 0
	Date time.Time // the store's clock when no checkpoint covered slot N+1; zero where it has none
}

// Log is a log, opened. Its methods may be called concurrently.
type Log struct {
	slots
	o Options

	ctx    context.Context // of what runs for many callers; ends with Close
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu      sync.Mutex
	queue   []*pending // guarded by mu
	queued  int        // bytes of queue; guarded by mu
	running bool       // a committer is; guarded by mu
	shut    bool       // guarded by mu
	writers int        // that were about at the last commit, answered or queued; guarded by mu
	syncs   syncs      // guarded by mu
	fault   fault      // guarded by mu

	arrived chan struct{} // of capacity 1: the queue has grown

	// turn, of capacity 1, is held by whoever takes the log forward: Open, the
	// committer, or a probe that has found something.
	turn  chan struct{}
	at    At        // N and Sum change with the turn and mu held, Date with mu
	stuck *attempt  // sent to slot at.N+1 with unknown outcome, its waiters told so; by turn
	rival time.Time // when another's segment was met last; by turn

	pace pace // owned by the committer
}

// Open opens a log: it starts from the newest checkpoint and replays what is
// listed behind it.
func Open(ctx context.Context, st store.Store, o Options) (*Log, error) {
	l := &Log{slots: slots{st, o.Prefix, o.Owner}, o: o,
		arrived: make(chan struct{}, 1), turn: make(chan struct{}, 1)}
	l.ctx, l.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := l.replay(ctx); err != nil {
		l.cancel()
		l.done.Wait()
		return nil, err
	}
	l.rival = time.Time{} // those that wrote what was there may be gone
	return l, nil
}

// Close refuses new transactions and syncs, lets those that wait finish for as
// long as ctx lives, and returns when nothing of the log runs any more.
func (l *Log) Close(ctx context.Context) error {
	l.mu.Lock()
	l.shut = true
	l.mu.Unlock()
	stop := context.AfterFunc(ctx, l.cancel)
	defer stop()
	l.done.Wait()
	l.cancel()
	return nil
}

// At returns where the log is: behind the last segment that was applied.
func (l *Log) At() (n uint64, sum [32]byte) {
	at := l.place()
	return at.N, at.Sum
}

func (l *Log) place() At {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at
}

// take waits for the turn.
func (l *Log) take(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *Log) yield() { <-l.turn }
