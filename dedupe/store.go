package dedupe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"aetherfs/internal/manifest"
	"aetherfs/internal/memory"
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
// order, to each of also; the digests of the chunks take no time beside a *lanes.Pair
// among them.
//
// A short stream waits for memory with others, but not behind long ones. While others
// wait, one whose client sends less than 64 KiB in 30 s is stopped: scope.Stop is
// called, from another goroutine and not after the last Read has returned.
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

// budget is where s takes its memory from: there is always some for short
// streams that long ones do not hold.
func (s *stream) budget() *memory.Budget {
	if s.short() {
		return s.e.work
	}
	return s.e.long
}

// read takes the whole of r. It waits for memory before the first byte and then
// no more, so that no two streams wait for each other. Several things at once are
// done only for a client that is quick.
func (s *stream) read(ctx context.Context, r io.Reader, also []io.Writer) error {
	budget := s.budget()
	least, err := budget.Take(ctx, s.leastWork())
	if err != nil {
		return err
	}
	defer budget.Give(least)
	s.e.active.Add(1)
	defer s.e.active.Add(-1)
	slots := make(chan struct{}, mostInputs)
	slots <- struct{}{}
	in := s.newInput(slots)
	b := &body{r: r, stop: s.scope.Stop, held: budget}
	ended, err := in.fill(b)
	if err != nil {
		in.done()
		return err
	}
	if s.short() && !ended {
		in.done()
		return fmt.Errorf("stream is announced as shorter than %d bytes, and is not", s.scope.Below)
	}
	if more := s.moreWork(); !ended && b.quick() && budget.TryTake(more) {
		defer budget.Give(more)
		return s.readLong(ctx, b, in, also, slots)
	}
	return s.readInTurn(ctx, b, in, ended, also, slots)
}

// readInTurn takes a stream whose first bytes are in in, each stretch wholly
// before the next is read.
func (s *stream) readInTurn(ctx context.Context, b *body, in *input, ended bool, also []io.Writer, slots chan struct{}) error {
	s.hand = s.packAndAppend
	for {
		s.cutUp(in, ended)
		if err := s.takeOne(ctx, in, also); err != nil {
			return err
		}
		if ended {
			return s.end(ctx)
		}
		slots <- struct{}{} // never waits: leastInputs are in use at most
		in = s.newInput(slots)
		var err error
		if ended, err = in.fill(b); err != nil {
			in.done()
			return err
		}
	}
}

// takeOne takes an input that is cut up, and is done with it.
func (s *stream) takeOne(ctx context.Context, in *input, also []io.Writer) error {
	defer in.done()
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := s.hash(in, also); err != nil {
		return err
	}
	return s.take(ctx, in.parts)
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

// readLong takes a stream whose first bytes are in first. One goroutine reads and
// cuts, one hashes and looks up, and one packs and appends.
func (s *stream) readLong(parent context.Context, b *body, first *input, also []io.Writer, slots chan struct{}) error {
	ctx, fail := context.WithCancelCause(parent)
	defer fail(nil)
	var wg sync.WaitGroup

	p := newPacking(s, mostDrafts, fail)
	s.hand = p.hand
	wg.Go(func() { p.run(ctx) })

	ended := false // b was read to the end; set before inputs is closed
	inputs := make(chan *input, cap(slots))
	wg.Go(func() {
		defer close(p.jobs)
		if err := s.takeAll(ctx, inputs, also, &ended); err != nil {
			fail(err)
		}
	})

	err := s.pump(ctx, b, first, inputs, slots)
	ended = err == nil
	close(inputs)
	wg.Wait()
	if err != nil && !errors.Is(err, errStopped) {
		return err
	}
	return context.Cause(ctx)
}

// errStopped ends pump when another goroutine of the stream has failed.
var errStopped = errors.New("stopped")

// pump reads b into inputs and cuts them up. Its error is b's, or errStopped.
func (s *stream) pump(ctx context.Context, b *body, in *input, inputs chan<- *input, slots chan struct{}) error {
	for ended := false; ; {
		s.cutUp(in, ended)
		inputs <- in // never waits: there are no more inputs than places
		if ended {
			return nil
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return errStopped
		}
		in = s.newInput(slots)
		var err error
		if ended, err = in.fill(b); err != nil {
			in.done()
			return err
		}
	}
}

// takeAll takes the inputs, and ends the stream if its body was read to the end.
func (s *stream) takeAll(ctx context.Context, inputs <-chan *input, also []io.Writer, ended *bool) error {
	var failed error
	for in := range inputs {
		if failed == nil {
			failed = s.takeOne(ctx, in, also)
		} else {
			in.done()
		}
	}
	if failed == nil && ctx.Err() == nil && *ended {
		failed = s.end(ctx)
	}
	return failed
}
