package catalog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"aetherfs/internal/journal"
	"aetherfs/internal/manifest"
)

// state is what a log's segments make: a *manifest.State or a *manifest.Hub.
type state[S any] interface {
	N() uint64
	Epoch() uint64
	Closed() bool
	Files() int64
	Bytes() int64
	Fold() manifest.Fold
	Tail() (records int, embedded int64)
	Pinned() bool
	Embedded() iter.Seq[manifest.Recipe]
	Apply(context.Context, *manifest.Segment) (S, []manifest.Verdict, error)
	Tree(ctx context.Context, sum manifest.Digest, move func(manifest.Recipe) (manifest.Recipe, error), write manifest.Write) (manifest.Digest, error)
}

// place is where the objects of a log are: prefixes of their names.
type place struct{ log, checkpoints, nodes string }

// source says which log a line is, and how its states begin.
type source[S any] struct {
	title string      // for people
	id    manifest.ID // of the dataset; zero: the hub
	pool  string      // of its blocks
	at    place
	first func(manifest.Nodes) S
	load  func(context.Context, manifest.Nodes, manifest.Fold) (S, error)
}

// line is a log with the state that it has reached.
type line[S state[S]] struct {
	source[S]
	c     *Catalog
	nodes *lineNodes
	log   *journal.Log

	seen mark   // how far the cache folder says that the log has been
	born Moment // when its opening began

	now    atomic.Pointer[point[S]]
	synced atomic.Int64                        // when the last Sync began; Unix milliseconds
	owing  atomic.Pointer[manifest.Checkpoint] // of the newest fold, but for its Node; nil once it is there
	rival  atomic.Int64                        // when another's segment was applied last; Unix milliseconds
	folded atomic.Pointer[chan struct{}]       // closed when the next fold has been taken

	// tail is what was applied since the newest fold's base. Apply and reload
	// alone touch it, which the log calls one at a time.
	tail []played
}

// point is a state with what its log says of it.
type point[S any] struct {
	state S
	sum   manifest.Digest // SHA-256 of its last segment
	since int64           // time of the first segment of its tail, Unix milliseconds
}

// played is a segment with what became of its transactions.
type played struct {
	seg      *manifest.Segment
	sum      manifest.Digest // of the segment
	time     int64           // its author's, Unix milliseconds
	verdicts []manifest.Verdict
}

// openLine opens a log at its newest checkpoint.
func openLine[S state[S]](ctx context.Context, c *Catalog, from source[S]) (*line[S], error) {
	l := &line[S]{source: from, c: c, nodes: &lineNodes{c, from.id, from.at}, seen: c.marks.get(from.id), born: c.Moment()}
	l.now.Store(&point[S]{state: from.first(l.nodes)})
	l.folded.Store(new(make(chan struct{})))
	l.synced.Store(c.o.Now().UnixMilli())
	log, err := journal.Open(ctx, c.o.Store, journal.Options{
		Prefix:    l.at.log,
		Owner:     l.id,
		Writer:    c.writer,
		Rand:      c.o.Rand,
		Now:       c.o.Now,
		Apply:     l.apply,
		Reload:    l.reload,
		Epoch:     func() uint64 { return l.State().Epoch() },
		Pack:      l.pack,
		Exclusive: c.o.Exclusive,
		Staleness: c.o.Staleness,
		Committed: c.o.Committed,
	})
	l.log = log
	if err == nil && l.State().N() < l.seen.n {
		c.marks.setAside()
	}
	return l, err
}

// State is the newest state that is known here.
func (l *line[S]) State() S { return l.now.Load().state }

// Exclusive reports whether no other gateway has the store open.
func (l *line[S]) Exclusive() bool { return l.c.o.Exclusive }

// Sync brings the state to where the log was when it was called, or beyond.
// Nothing comes behind a state that is closed.
func (l *line[S]) Sync(ctx context.Context) error {
	begun := l.c.o.Now().UnixMilli()
	err := l.log.Sync(ctx)
	if errors.Is(err, journal.ErrShut) && l.State().Closed() {
		return nil
	}
	if err == nil {
		l.synced.Store(begun)
	}
	return err
}

// freshFor is for how long a writer shares chunks with what the state names
// without asking: well below the hour for which folded segments stay.
const freshFor = 5 * time.Minute

// Freshen is Sync, if the last is a while ago: whoever is about to write finds
// chunks to share in segments, and those must still be there at the commit.
func (l *line[S]) Freshen(ctx context.Context) error {
	if l.c.o.Exclusive || l.c.o.Now().UnixMilli()-l.synced.Load() < freshFor.Milliseconds() {
		return nil
	}
	return l.Sync(ctx)
}

// BeginSync begins to bring the state to where the log was at a moment, or
// beyond, and returns a func that waits for it, which has to be called. A log
// that was opened since is there.
func (l *line[S]) BeginSync(ctx context.Context, at Moment) (wait func() error) {
	if l.c.o.Exclusive || l.born > at {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() { done <- l.Sync(ctx) }()
	return func() error { return <-done }
}

func (l *line[S]) pack(chunks []journal.Chunk) ([]byte, error) {
	small := make([]manifest.Chunk, len(chunks))
	for i, c := range chunks {
		small[i] = manifest.Chunk{Digest: c.Digest, Data: c.Data}
	}
	return l.c.o.Embedder.Pack(small)
}

func (l *line[S]) commit(ctx context.Context, chunks []manifest.Chunk, records ...manifest.Record) ([]manifest.Result, error) {
	tx := manifest.Tx{Time: l.c.o.Now().UnixMilli(), Records: records}
	small := make([]journal.Chunk, len(chunks))
	for i, c := range chunks {
		small[i] = journal.Chunk{Digest: c.Digest, Data: c.Data}
	}
	payload := tx.Encode()
	if _, err := manifest.DecodeTx(payload); err != nil { // what no replica would take must not get into the log
		return nil, fmt.Errorf("encode %d records: %w", len(records), err)
	}
	answer, err := l.log.Commit(ctx, journal.Tx{Payload: payload, Records: len(records), Chunks: small})
	if err != nil {
		return nil, err
	}
	v := answer.(manifest.Verdict)
	return v.Results, v.Err
}
