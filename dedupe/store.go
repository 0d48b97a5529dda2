package dedupe

import (
	"context"
	"errors"
	"io"
	"sync"

	"aetherfs/internal/manifest"
)

// Stored is what Store made of a stream.
type Stored struct {
	Recipe manifest.Recipe
	Small  []manifest.Chunk // new data of at most 128 KiB in all, which the caller keeps: extents without Block name it
	Size   int64            // bytes read

	NewChunks, ReusedChunks int64
	NewBytes, ReusedBytes   int64 // plain
	Added                   int64 // bytes that the stream added to the store, compressed, with their share of trailers; 0 for Small
}

// Store reads r to its end, stores what is new of it and returns the recipe
// when every block that it names is durable. What is read is also written, in
// order, to each of also, each in a goroutine of its own unless the stream is
// short.
//
// An error of r is returned as it is; other errors are ErrUnavailable, that of
// ctx, ErrClosed, or that of a writer. Then nothing of the stream can be named.
func (e *Engine) Store(ctx context.Context, scope Scope, r io.Reader, also ...io.Writer) (Stored, error) {
	if err := e.enter(); err != nil {
		return Stored{}, err
	}
	defer e.streams.Done()
	s, err := newStream(e, scope)
	if err != nil {
		return Stored{}, err
	}
	defer s.close()
	if err := s.read(ctx, r, also); err != nil {
		return Stored{}, err
	}
	if err := s.await(ctx); err != nil {
		return Stored{}, err
	}
	e.counts.stored(&s.out)
	return s.out, nil
}

// Streams up to this number at once may use more memory each, so that one
// alone keeps all cores busy.
const fewStreams = 4

// depth returns how many inputs and how many drafts a stream may have under
// way, given the number of streams.
func depth(streams int32) (inputs, drafts int) {
	if streams <= fewStreams {
		return 4, 2
	}
	return 2, 0
}

// read takes the whole of r.
func (s *stream) read(ctx context.Context, r io.Reader, also []io.Writer) error {
	inputs, drafts := depth(s.e.active.Add(1))
	defer s.e.active.Add(-1)
	slots := make(chan struct{}, inputs)
	slots <- struct{}{}
	in := newInput(s.cut.max, 1+len(also), slots)
	switch err := in.fill(r); {
	case errors.Is(err, io.EOF):
		return s.readShort(ctx, in, also)
	case err != nil:
		in.discard()
		return err
	}
	return s.readLong(ctx, r, in, also, slots, drafts)
}

// readShort takes a stream that is wholly in memory.
func (s *stream) readShort(ctx context.Context, in *input, also []io.Writer) error {
	var failed error
	for _, w := range also {
		if _, err := w.Write(in.bytes()); err != nil {
			failed = err
		}
		in.done()
	}
	s.hand = s.packAndAppend
	if err := s.feed(ctx, in); err != nil {
		return err
	}
	if err := s.end(ctx); err != nil {
		return err
	}
	return failed
}

// packAndAppend puts d into a block.
func (s *stream) packAndAppend(ctx context.Context, d *draft) error {
	s.e.workers <- struct{}{}
	d.pack(s.e.coder)
	<-s.e.workers
	return s.append(ctx, []*draft{d})
}

// append puts a run of packed drafts into a block.
func (s *stream) append(ctx context.Context, run []*draft) error {
	err := s.e.blocks.append(ctx, s, run)
	for _, d := range run {
		s.out.Added += d.cost()
		d.release()
	}
	return err
}

// readLong takes a stream whose first bytes are in first. One goroutine reads,
// one cuts and hashes, one packs and appends, and one writes to each of also.
func (s *stream) readLong(parent context.Context, r io.Reader, first *input, also []io.Writer, slots chan struct{}, drafts int) error {
	ctx, fail := context.WithCancelCause(parent)
	defer fail(nil)
	var wg sync.WaitGroup

	p := newPacking(s, drafts, fail)
	s.hand = p.hand
	wg.Go(func() { p.run(ctx) })

	toCut := make(chan *input, cap(slots))
	var ended bool // r was read to its end; set before toCut is closed
	wg.Go(func() {
		defer close(p.jobs)
		if err := s.takeAll(ctx, toCut, &ended); err != nil {
			fail(err)
		}
	})
	users := []chan *input{toCut}
	for _, w := range also {
		c := make(chan *input, cap(slots))
		users = append(users, c)
		wg.Go(func() {
			if err := writeAll(ctx, c, w); err != nil {
				fail(err)
			}
		})
	}

	err := s.pump(ctx, r, first, users, slots)
	ended = errors.Is(err, io.EOF)
	for _, c := range users {
		close(c)
	}
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if ended {
		return nil
	}
	return err
}

// pump reads r into inputs and gives each to all users. It returns r's error,
// io.EOF at its end.
func (s *stream) pump(ctx context.Context, r io.Reader, in *input, users []chan *input, slots chan<- struct{}) error {
	for eof := false; ; {
		for _, u := range users {
			u <- in // never waits: there are no more inputs than places
		}
		if eof {
			return io.EOF
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		in = newInput(s.cut.max, len(users), in.slots)
		err := in.fill(r)
		if err != nil && !errors.Is(err, io.EOF) {
			in.discard()
			return err
		}
		eof = err != nil
	}
}

// takeAll cuts the inputs, and ends the stream if r was read to its end.
func (s *stream) takeAll(ctx context.Context, inputs <-chan *input, ended *bool) error {
	var failed error
	for in := range inputs {
		if failed == nil && ctx.Err() == nil {
			failed = s.feed(ctx, in)
		} else {
			in.done()
		}
	}
	if failed == nil && ctx.Err() == nil && *ended {
		failed = s.end(ctx)
	}
	return failed
}

// writeAll writes the inputs to w.
func writeAll(ctx context.Context, inputs <-chan *input, w io.Writer) error {
	var failed error
	for in := range inputs {
		if failed == nil && ctx.Err() == nil {
			_, failed = w.Write(in.bytes())
		}
		in.done()
	}
	return failed
}
