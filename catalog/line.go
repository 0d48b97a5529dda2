package catalog

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"aetherfs/internal/journal"
	"aetherfs/internal/manifest"
)

// state is what a log's segments make: a *manifest.State or a *manifest.Hub.
type state[S any] interface {
	Apply(context.Context, *manifest.Segment) (S, []manifest.Verdict, error)
	Epoch() uint64
}

// Dataset is an open dataset.
type Dataset struct {
	*manifest.Dataset
	*line[*manifest.State]
}

// Commit commits records as one transaction; their small data is chunks. It
// returns a result for each record, or the verdict, or an error of the log.
func (d *Dataset) Commit(ctx context.Context, chunks []manifest.Chunk, records ...manifest.Record) ([]manifest.Result, error) {
	if d.State().Closed() {
		return nil, manifest.ErrClosed
	}
	results, err := d.commit(ctx, chunks, records...)
	if errors.Is(err, journal.ErrShut) && d.State().Closed() {
		return nil, manifest.ErrClosed // meanwhile
	}
	return results, err
}

// line is a log with the state that it has reached.
type line[S state[S]] struct {
	c     *Catalog
	id    manifest.ID
	log   *journal.Log
	state atomic.Pointer[S]
}

func openLine[S state[S]](ctx context.Context, c *Catalog, first S, prefix string, id manifest.ID) (*line[S], error) {
	l := &line[S]{c: c, id: id}
	l.state.Store(&first)
	log, err := journal.Open(ctx, c.o.Store, journal.Options{
		Prefix:    prefix,
		Owner:     id,
		Writer:    c.writer,
		Rand:      c.o.Rand,
		Now:       c.o.Now,
		Apply:     l.apply,
		Epoch:     func() uint64 { return l.State().Epoch() },
		Pack:      l.pack,
		Committed: c.o.Committed,
	})
	l.log = log
	return l, err
}

// State is the newest state.
func (l *line[S]) State() S { return *l.state.Load() }

// apply publishes the state after a segment.
func (l *line[S]) apply(ctx context.Context, s *journal.Segment) ([]any, error) {
	seg := &manifest.Segment{N: s.N, Batch: s.Batch, Epoch: s.Epoch, Txs: make([]*manifest.Tx, len(s.Txs)), Bases: make([]uint32, len(s.Txs))}
	for i, t := range s.Txs {
		tx, err := manifest.DecodeTx(t.Payload)
		if err != nil {
			return nil, fmt.Errorf("transaction %d: %w: %w", i, journal.ErrFormat, err)
		}
		seg.Txs[i], seg.Bases[i] = tx, t.First
	}
	if len(s.Block) > 0 {
		block, err := l.c.o.Embedder.Learn(l.id, s.N, s.Base, s.Block)
		if err != nil {
			return nil, fmt.Errorf("embedded block: %w: %w", journal.ErrFormat, err)
		}
		seg.Block = block
	}
	next, verdicts, err := l.State().Apply(ctx, seg)
	if err != nil {
		return nil, err
	}
	l.state.Store(&next)
	answers := make([]any, len(verdicts))
	for i, v := range verdicts {
		answers[i] = v
	}
	return answers, nil
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
