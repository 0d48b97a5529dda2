package dedupe

import (
	"context"
	"errors"

	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// span is bytes of a block as they are stored.
type span struct {
	off  int64 // bytes from the block's beginning
	data []byte
}

// slice returns n bytes from off, or nil if they are not all there.
func (s span) slice(off, n int64) []byte {
	if off < s.off || off+n > s.off+int64(len(s.data)) {
		return nil
	}
	return s.data[off-s.off:][:n]
}

// fetch returns frames from up to, not including, to of t's block, each held
// for the caller. Those that are not in memory are read in one request, unless
// somebody else does.
func (e *Engine) fetch(ctx context.Context, pool string, t *trailer, from, to int) ([]*frame, error) {
	out, first, last := e.cached(t, from, to)
	if first == to {
		return out, nil
	}
	releaseAll(out)
	end := &t.frames[last]
	mine, _, err := e.readings.begin(ctx, t.block.Name, t.frames[first].off, end.off+int64(end.stored))
	if err != nil {
		return nil, err
	}
	defer e.readings.end(mine)
	return e.fetchWith(ctx, pool, t, from, to, span{})
}

// fetchWith is fetch for a caller that has begun a reading, and has some bytes
// already.
func (e *Engine) fetchWith(ctx context.Context, pool string, t *trailer, from, to int, have span) ([]*frame, error) {
	out, first, last := e.cached(t, from, to)
	e.counts.frames(out)
	if first == to {
		return out, nil
	}
	err := twice(ctx, func(ctx context.Context) error {
		got, err := e.need(ctx, pool, t, first, last, have)
		defer got.drop()
		if err == nil {
			err = e.loadMissing(ctx, pool, out, t, from, have, got)
		}
		have = span{} // if that failed, it may be damaged
		return err
	})
	if err != nil {
		e.suspect(pool, t, err)
		releaseAll(out)
		return nil, err
	}
	return out, nil
}

// cached returns those of the frames that are in memory, held for the caller,
// and the numbers of the first and the last that is not.
func (e *Engine) cached(t *trailer, from, to int) (out []*frame, first, last int) {
	out = make([]*frame, to-from)
	first, last = to, from
	for i := range out {
		if out[i] = e.frames.find(frameKey{t.block.Name, from + i}); out[i] == nil {
			first, last = min(first, from+i), from+i
		}
	}
	return out, first, last
}

// need asks for frames first to last of t, unless they are in have, if a
// request takes a round trip, and returns nil if it does not ask. Of this
// machine's disk each frame is read alone.
func (e *Engine) need(ctx context.Context, pool string, t *trailer, first, last int, have span) (*answer, error) {
	off := t.frames[first].off
	n := t.frames[last].off + int64(t.frames[last].stored) - off
	if e.o.Verify == ByCRC || have.slice(off, n) != nil {
		return nil, nil
	}
	got := newAnswer(t, first, last)
	return got, readInto(ctx, e.o, pool, t.block, off, got.pieces())
}

// loadMissing fills the gaps of out, frames of t from number from on.
func (e *Engine) loadMissing(ctx context.Context, pool string, out []*frame, t *trailer, from int, have span, got *answer) error {
	for i := range out {
		if out[i] != nil {
			continue
		}
		f, err := e.load(ctx, pool, t, from+i, have, got)
		if err != nil {
			return err
		}
		e.frames.add(frameKey{t.block.Name, from + i}, f)
		out[i] = f
	}
	return nil
}

// load returns frame n of t, verified. Its stored bytes are taken from got, or
// from have, or if they are not there from the store.
func (e *Engine) load(ctx context.Context, pool string, t *trailer, n int, have span, got *answer) (*frame, error) {
	info := &t.frames[n]
	if stored := have.slice(info.off, int64(info.stored)); stored != nil {
		return e.decode(newFrame(int(info.plain)), stored, t, n)
	}
	stored := got.take(n)
	if stored == nil {
		stored = newBuffer(int(info.stored))
		if err := readInto(ctx, e.o, pool, t.block, info.off, store.Pieces{stored.data}); err != nil {
			stored.release()
			return nil, err
		}
	}
	if info.codec == codecPlain {
		return e.decode(frameIn(stored), stored.data, t, n)
	}
	defer stored.release()
	return e.decode(newFrame(int(info.plain)), stored.data, t, n)
}

// decode makes f frame n of t, and releases it if that fails.
func (e *Engine) decode(f *frame, stored []byte, t *trailer, n int) (*frame, error) {
	if err := e.coder.decode(f.data(), stored, t, n, e.o.Verify); err != nil {
		f.release()
		return nil, err
	}
	return f, nil
}

func releaseAll(fs []*frame) {
	for _, f := range fs {
		if f != nil {
			f.release()
		}
	}
}

// suspect drops t's block from the index if err says that it is damaged or
// gone, so that its chunks are stored again when they come again. A segment
// that was folded is expected to go.
func (e *Engine) suspect(pool string, t *trailer, err error) {
	if !errors.Is(err, ErrCorrupt) || e.embedded.folded(t.block) || !e.trailers.drop(t) {
		return
	}
	e.counts.dropped.Add(1)
	if !t.block.Embedded() {
		e.index.forget(pool, t)
	}
}

// fetchWhole reads the trailer of x's block and the frames of x at the same
// time, for one round trip instead of two.
func (e *Engine) fetchWhole(ctx context.Context, pool string, x manifest.Extent) (*trailer, span, error) {
	frames := make(chan span, 1)
	go func() {
		data, _ := readBlock(ctx, e.o, pool, x.Block, x.Off, x.Stored) // what is missing is read again, and its error told
		frames <- span{off: x.Off, data: data}
	}()
	t, err := e.trailerOf(ctx, pool, x)
	return t, <-frames, err
}

var errNoBlock = errors.New("extent of small data that is not yet in a block")

// trailerOf returns the trailer of x's block, if it agrees with x.
func (e *Engine) trailerOf(ctx context.Context, pool string, x manifest.Extent) (*trailer, error) {
	if x.Block == nil {
		return nil, errNoBlock
	}
	t, err := e.trailers.find(ctx, pool, x.Block)
	if err != nil {
		return nil, err
	}
	return t, t.covers(x)
}
