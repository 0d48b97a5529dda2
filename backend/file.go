package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
)

// earlyBytes is the longest file whose bytes are fetched while its dataset's
// log is asked whether it has grown. What is longer takes several round trips
// anyway.
const earlyBytes = 1 << 20

// maxRenewals bounds how often the bytes of an open file are found elsewhere.
// Folds are seldom: it is reached by a bug only.
const maxRenewals = 16

// File is an open file, pinned to the version that was opened: whatever is
// written to its key later, it reads the same bytes. It holds nothing that
// has to be closed.
type File struct {
	Info Info

	b   *Backend
	ctx context.Context // of all reads

	mu       sync.Mutex
	recipe   manifest.Recipe // guarded by mu
	data     *dedupe.Reader  // of recipe; guarded by mu
	renewals int             // guarded by mu
}

// Open implements Reader.
func (b *Backend) Open(ctx context.Context, p Path) (*File, error) {
	f, err := b.find(ctx, p, func(f found) {
		if f.e.Size <= earlyBytes && !f.d.Exclusive() {
			b.bytes.Open(ctx, f.d.Pool, f.e.Recipe).Prefetch(f.e.Size)
		}
	})
	if err != nil {
		return nil, err
	}
	return b.file(ctx, p, f)
}

// file opens what was found at p.
func (b *Backend) file(ctx context.Context, p Path, f found) (*File, error) {
	e, err := f.s.Whole(ctx, f.e)
	if err != nil {
		return nil, explain(err)
	}
	return &File{Info: info(p, e), b: b, ctx: ctx, recipe: e.Recipe, data: b.bytes.Open(ctx, f.d.Pool, e.Recipe)}, nil
}

// ReadAt reads verified bytes, as io.ReaderAt says. ErrCorrupt: what the store
// holds is damaged; ErrUnavailable: it could not be read.
func (f *File) ReadAt(p []byte, off int64) (n int, err error) {
	for {
		data := f.reader()
		got, err := data.ReadAt(p[n:], off+int64(n))
		n += got
		if err == nil || err == io.EOF { //nolint:errorlint // readers return io.EOF bare
			return n, err
		}
		if err := f.renew(data, err); err != nil {
			return n, err
		}
	}
}

func (f *File) reader() *dedupe.Reader {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.data
}

// renew is called when reading from old has failed, and returns nil if the
// bytes are elsewhere now: a fold moves them, and what it leaves behind goes
// away after a time. Else it returns what to tell the reader: that they are
// damaged only if the key still holds the version that was opened, in the same
// place.
func (f *File) renew(old *dedupe.Reader, failure error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.data != old {
		return nil // another read found them
	}
	if f.ctx.Err() != nil || f.renewals == maxRenewals || !errors.Is(failure, ErrCorrupt) {
		return explain(failure)
	}
	now, err := f.b.whole(f.ctx, f.Info.Path)
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrNoDataset), err == nil && now.e.ID.String() != f.Info.ID:
		return fmt.Errorf("%w: %s has changed since it was opened: %s", ErrUnavailable, f.Info.Path, failure.Error())
	case err != nil:
		return err
	case same(now.e.Recipe, f.recipe):
		return explain(failure)
	}
	f.renewals++
	f.recipe, f.data = now.e.Recipe, f.b.bytes.Open(f.ctx, now.d.Pool, now.e.Recipe)
	return nil
}

// same reports whether two recipes name the same chunks of the same blocks.
func same(a, b manifest.Recipe) bool {
	return slices.EqualFunc(a, b, func(x, y manifest.Extent) bool {
		return x.Block.Name == y.Block.Name && x.Block.Slot == y.Block.Slot && x.First == y.First && x.Count == y.Count
	})
}

// Stream returns the n bytes from off, which must lie within the file, in
// order and reading ahead. The caller closes it. Every byte is verified before
// it is handed out; an error is as ReadAt's. It is an io.WriterTo, which copies
// nothing.
func (f *File) Stream(off, n int64) io.ReadCloser {
	s := &stream{f: f, off: off, end: off + n}
	s.open()
	return s
}

type stream struct {
	f        *File
	off, end int64
	data     *dedupe.Reader
	body     io.ReadCloser // of data
}

func (s *stream) open() {
	s.data = s.f.reader()
	s.body = s.data.Stream(s.off, s.end-s.off)
}

func (s *stream) Read(p []byte) (int, error) {
	for {
		n, err := s.body.Read(p)
		s.off += int64(n)
		if err == nil || err == io.EOF {
			return n, err
		}
		if err := s.renew(err); err != nil {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
	}
}

// WriteTo implements io.WriterTo.
func (s *stream) WriteTo(w io.Writer) (int64, error) {
	var total int64
	out := &destination{w: w}
	for {
		n, err := io.Copy(out, s.body) // which is an io.WriterTo
		s.off += n
		total += n
		if err == nil || out.err != nil {
			return total, err
		}
		if err := s.renew(err); err != nil {
			return total, err
		}
	}
}

// destination remembers its error, which is none of the file's.
type destination struct {
	w   io.Writer
	err error
}

func (d *destination) Write(p []byte) (n int, err error) {
	n, d.err = d.w.Write(p)
	return n, d.err
}

// renew goes on where the bytes are now, after a failure to read them.
func (s *stream) renew(failure error) error {
	if err := s.f.renew(s.data, failure); err != nil {
		return err
	}
	s.body.Close()
	s.open()
	return nil
}

func (s *stream) Close() error { return s.body.Close() }
