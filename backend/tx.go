package backend

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"

	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/lanes"
	"aetherfs/internal/manifest"
)

// maxRemakes bounds how often a transaction is committed because what it was
// made from has changed between reading and commit.
const maxRemakes = 8

// tx collects records until they are committed.
type tx struct {
	b       *Backend
	d       *catalog.Dataset
	changes []change
	chunks  []manifest.Chunk // small data of the records
	small   int              // bytes of chunks
	sources *manifest.State  // that copies within the dataset are made from; nil: not read yet
}

// change is one record with the path that it is for.
type change struct {
	path   Path
	record manifest.Record
	remake func(context.Context) (manifest.Record, error) // reads its source again; nil: it has none
}

// Begin implements Tree.
func (b *Backend) Begin(ctx context.Context, dataset string) (Tx, error) {
	d, err := b.dataset(ctx, dataset)
	if err != nil {
		return nil, err
	}
	if err := d.Freshen(ctx); err != nil {
		return nil, explain(err)
	}
	return &tx{b: b, d: d}, nil
}

// Put implements Tx.
func (t *tx) Put(ctx context.Context, p Path, r io.Reader, o PutOptions) error {
	if err := t.owns(p); err != nil {
		return err
	}
	stored, etag, err := t.b.ingest(ctx, t.d, r, MaxFileBytes, &o)
	if err != nil {
		return fmt.Errorf("put %s: %w", p, err)
	}
	t.add(p, &manifest.Put{Tag: p.Tag, Cond: o.Cond, Entry: manifest.Entry{
		Name:   p.Name,
		Size:   stored.Size,
		ETag:   etag,
		Added:  stored.Added,
		Attr:   o.Attr,
		Recipe: t.take(stored),
	}})
	return nil
}

// Remove implements Tx.
func (t *tx) Remove(_ context.Context, p Path, c Cond) error {
	if err := t.owns(p); err != nil {
		return err
	}
	t.add(p, &manifest.Delete{Tag: p.Tag, Name: p.Name, Cond: c})
	return nil
}

// Commit implements Tx.
func (t *tx) Commit(ctx context.Context) ([]Info, error) {
	if len(t.changes) == 0 {
		return nil, nil
	}
	results, err := t.commit(ctx)
	if err != nil {
		return nil, fmt.Errorf("commit to %s: %w", t.d.Name, explain(err))
	}
	infos := make([]Info, len(results))
	for i, r := range results {
		infos[i] = Info{Path: t.changes[i].path}
		if r.Entry != nil {
			infos[i] = info(t.changes[i].path, r.Entry)
		}
	}
	return infos, nil
}

// commit commits the records, and again when what they were made from has
// changed meanwhile.
func (t *tx) commit(ctx context.Context) ([]manifest.Result, error) {
	for n := 1; ; n++ {
		records := make([]manifest.Record, len(t.changes))
		for i, c := range t.changes {
			records[i] = c.record
		}
		results, err := t.d.Commit(ctx, t.chunks, records...)
		if err == nil || n == maxRemakes {
			return results, err
		}
		again, failed := t.again(ctx, err)
		if failed != nil {
			return nil, failed
		}
		if !again {
			return nil, err
		}
	}
}

// Close implements Tx.
func (t *tx) Close() error {
	t.changes, t.chunks = nil, nil
	return nil
}

func (t *tx) add(p Path, r manifest.Record) {
	t.changes = append(t.changes, change{path: p, record: r})
}

func (t *tx) owns(p Path) error {
	if p.Dataset != t.d.Name {
		return fmt.Errorf("%s in a transaction on %s: %w", p, t.d.Name, ErrInvalidKey)
	}
	return nil
}

// take moves a stream's small data into the transaction and returns its
// recipe, which names it there.
func (t *tx) take(s dedupe.Stored) manifest.Recipe {
	for _, c := range s.Small {
		t.small += len(c.Data)
	}
	recipe := rebase(s.Recipe, len(t.chunks))
	t.chunks = append(t.chunks, s.Small...)
	return recipe
}

// rebase adds n to the positions of small data.
func rebase(r manifest.Recipe, n int) manifest.Recipe {
	if n > 0 {
		for i := range r {
			if r[i].Block == nil {
				r[i].First += uint32(n)
			}
		}
	}
	return r
}

// ingest stores the bytes of r and returns their MD5 beside what was stored,
// once all that o asks of them holds. An error of r comes back as it is.
func (b *Backend) ingest(ctx context.Context, d *catalog.Dataset, r io.Reader, limit int64, o *PutOptions) (dedupe.Stored, string, error) {
	sum, etagOf := newSum(o)
	src, to := &source{r: r, left: limit}, scope(d)
	to.Stop = o.Stop
	if to.Below = o.Below; to.Below > 0 {
		src.left = min(limit, to.Below-1)
	}
	stored, err := b.bytes.Store(ctx, to, src, sum)
	switch {
	case src.err != nil:
		return dedupe.Stored{}, "", src.err
	case err != nil:
		return dedupe.Stored{}, "", explain(err)
	}
	if o.AtEOF != nil {
		if err := o.AtEOF(&o.Attr); err != nil {
			return dedupe.Stored{}, "", err
		}
	}
	etag := etagOf()
	if o.MD5 != nil && !bytes.Equal(o.MD5, etag) {
		return dedupe.Stored{}, "", fmt.Errorf("MD5 %x, announced was %x: %w", etag, o.MD5, ErrBadDigest)
	}
	return stored, hex.EncodeToString(etag), nil
}

// newSum returns what takes the bytes of a put, and what then tells their MD5.
func newSum(o *PutOptions) (io.Writer, func() []byte) {
	if o.Sums != nil {
		return o.Sums, o.Sums.MD5
	}
	sum := lanes.NewMD5()
	return sum, sum.MD5
}

func scope(d *catalog.Dataset) dedupe.Scope {
	return dedupe.Scope{Pool: d.Pool, Dataset: d.ID}
}

// source is a reader that remembers its error and refuses to go beyond a
// limit.
type source struct {
	r    io.Reader
	left int64
	err  error
}

func (s *source) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if s.left -= int64(n); s.left < 0 {
		err = ErrTooLarge
	}
	if err != nil && err != io.EOF { // readers return it bare
		s.err = err
	}
	return n, err
}
