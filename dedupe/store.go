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
	ended, err := in.fill(r)
	switch {
	case err != nil:
		in.discard()
		return err
	case ended:
		return s.readShort(ctx, in, also)
	}
	return s.readLong(ctx, r, in, also, slots, drafts)
}

// readShort takes a stream that is wholly in memory.
func (s *stream) readShort(ctx context.Context, in *input, also []io.Writer) error {
	for _, w := range also {
		if _, err := w.Write(in.bytes()); err != nil {
			in.discard()
			return err
		}
		in.done()
	}
	s.hand = s.packAndAppend
	if err := s.feed(ctx, in); err != nil {
		return err
	}
	return s.end(ctx)
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

	ended := false // r was read to its end; set before the inputs are closed
	toCut := make(chan *input, cap(slots))
	users := []chan *input{toCut}
	wg.Go(func() {
		defer close(p.jobs)
		if err := s.takeAll(ctx, toCut, &ended); err != nil {
			fail(err)
		}
	})
	for _, w := range also {
		inputs := make(chan *input, cap(slots))
		users = append(users, inputs)
		wg.Go(func() {
			if err := writeAll(ctx, inputs, w); err != nil {
				fail(err)
			}
		})
	}

	err := s.pump(ctx, r, first, users, slots)
	ended = err == nil
	for _, u := range users {
		close(u)
	}
	wg.Wait()
	if err != nil && !errors.Is(err, errStopped) {
		return err
	}
	return context.Cause(ctx)
}

// errStopped ends pump when another goroutine of the stream has failed.
var errStopped = errors.New("stopped")

// pump reads r into inputs and gives each to all users. Its error is r's, or
// errStopped.
func (s *stream) pump(ctx context.Context, r io.Reader, in *input, users []chan *input, slots chan<- struct{}) error {
	for ended := false; ; {
		for _, u := range users {
			u <- in // never waits: there are no more inputs than places
		}
		if ended {
			return nil
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return errStopped
		}
		in = newInput(s.cut.max, len(users), in.slots)
		var err error
		if ended, err = in.fill(r); err != nil {
			in.discard()
			return err
		}
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
