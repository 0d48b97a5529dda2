package dedupe

import (
	"context"
	"errors"
	"fmt"
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
// ctx, ErrClosed, that of a writer, or say that r is not shorter than
// scope.Below. Then nothing of the stream can be named.
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

// What a stream may have under way: at least what it needs to go on in turn,
// and if there is memory, so much that one alone keeps all cores busy.
const (
	leastInputs = 2 // one is read into while the beginning of a chunk lies in the other
	mostInputs  = 4
	mostDrafts  = 2 // handed on, beside one being filled and one being packed
)

// leastWork is the memory that s cannot do without: its inputs, a draft and what
// that becomes.
func (s *stream) leastWork() int64 {
	if s.short() {
		return pooled(int(s.scope.Below)) + 2*pooled(s.draftLen())
	}
	return int64(leastInputs*inputLen(s.cut.max) + 2*s.draftLen())
}

// moreWork is the memory that s needs beside that to do several things at once.
func (s *stream) moreWork() int64 {
	return int64((mostInputs-leastInputs)*inputLen(s.cut.max)+(1+mostDrafts)*s.draftLen()) + maxRunBytes
}

// read takes the whole of r. It waits for memory before the first byte and then
// no more, so that no two streams wait for each other.
func (s *stream) read(ctx context.Context, r io.Reader, also []io.Writer) error {
	least, err := s.e.work.Take(ctx, s.leastWork())
	if err != nil {
		return err
	}
	defer s.e.work.Give(least)
	s.e.active.Add(1)
	defer s.e.active.Add(-1)
	slots := make(chan struct{}, mostInputs)
	slots <- struct{}{}
	in := s.newInput(1+len(also), slots)
	ended, err := in.fill(r)
	if err != nil {
		in.discard()
		return err
	}
	if s.short() && !ended {
		in.discard()
		return fmt.Errorf("stream is announced as shorter than %d bytes, and is not", s.scope.Below)
	}
	if more := s.moreWork(); !ended && s.e.work.TryTake(more) {
		defer s.e.work.Give(more)
		return s.readLong(ctx, r, in, also, slots)
	}
	return s.readInTurn(ctx, r, in, ended, also, slots)
}

// readInTurn takes a stream whose first bytes are in in, each stretch wholly
// before the next is read.
func (s *stream) readInTurn(ctx context.Context, r io.Reader, in *input, ended bool, also []io.Writer, slots chan struct{}) error {
	s.hand = s.packAndAppend
	for {
		if err := s.takeInTurn(ctx, in, also); err != nil {
			return err
		}
		if ended {
			return s.end(ctx)
		}
		slots <- struct{}{} // never waits: leastInputs are in use at most
		in = s.newInput(1+len(also), slots)
		var err error
		if ended, err = in.fill(r); err != nil {
			in.discard()
			return err
		}
	}
}

func (s *stream) takeInTurn(ctx context.Context, in *input, also []io.Writer) error {
	for _, w := range also {
		if _, err := w.Write(in.bytes()); err != nil {
			in.discard()
			return err
		}
		in.done()
	}
	if err := ctx.Err(); err != nil {
		in.discard()
		return err
	}
	return s.feed(ctx, in)
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
func (s *stream) readLong(parent context.Context, r io.Reader, first *input, also []io.Writer, slots chan struct{}) error {
	ctx, fail := context.WithCancelCause(parent)
	defer fail(nil)
	var wg sync.WaitGroup

	p := newPacking(s, mostDrafts, fail)
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
func (s *stream) pump(ctx context.Context, r io.Reader, in *input, users []chan *input, slots chan struct{}) error {
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
		in = s.newInput(len(users), slots)
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
