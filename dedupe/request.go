package dedupe

import (
	"context"

	"aetherfs/internal/manifest"
)

// request is some bytes of one extent on their way: those of consecutive
// frames.
type request struct {
	r      *Reader
	x      manifest.Extent
	t      *trailer // nil: to be fetched together with the whole extent
	lo, hi int64    // of the plain bytes of x's chunks

	from   int // number of the first frame
	frames []*frame
	err    error
	done   chan struct{} // closed when frames or err is set

	taken int64 // bytes of Engine.reads
}

// memory is what q brings, in bytes: its frames and, of those that are
// compressed, what they are made from.
func (q *request) memory() int64 {
	if q.err != nil {
		return 0
	}
	if q.t == nil {
		return q.hi - q.lo + frameBytes + q.x.Stored
	}
	from, to := q.span()
	var n int64
	for i := range q.t.frames[from:to] {
		info := &q.t.frames[from+i]
		n += pooled(int(info.plain))
		if info.codec != codecPlain && q.r.e.o.Verify == ByDigest {
			n += pooled(int(info.stored))
		}
	}
	return n
}

// plan makes the next request and moves on behind it.
func (f *flight) plan() *request {
	i, start := f.r.extentAt(f.off)
	x := f.r.recipe[i]
	q := &request{r: f.r, x: x, lo: x.Skip + f.off - start, hi: x.Skip + min(f.r.ends[i], f.end) - start, done: make(chan struct{})}
	f.size = min(max(2*f.size, firstFetchBytes), f.r.e.fetchBytes())
	f.scout(i)
	if !q.short(f.size) || f.r.e.trailers.near(x.Block) != nil {
		if q.t, q.err = f.r.e.trailerOf(f.ctx, f.r.pool, x); q.err == nil {
			q.limit(f.size)
		}
	}
	f.off = q.hi - x.Skip + start
	return q
}

// short reports whether all that is wanted of q's extent may come with one
// request of about n bytes: stored, for what they become is bounded too. Its
// frames must lie before the trailer, which is fetched beside them.
func (q *request) short(n int64) bool {
	x := &q.x
	return x.Block != nil && x.Off > 0 && x.Stored > 0 && x.Stored <= n && q.hi-q.lo <= maxFetchBytes &&
		x.Off+x.Stored <= x.Block.Size-x.Block.Trailer
}

// fetchBytes is the longest request now: a window has room for a few.
func (e *Engine) fetchBytes() int64 {
	return min(max(e.aheadBytes()/4, firstFetchBytes), maxFetchBytes)
}

// limit shortens q to whole frames of about n plain bytes.
func (q *request) limit(n int64) {
	base := q.t.chunkStart(int(q.x.First))
	last := q.t.frameAt(min(base+q.lo+n, base+q.hi) - 1)
	q.hi = min(q.hi, q.t.frameEnd(last)-base)
}

// run fetches the frames.
func (q *request) run(ctx context.Context) {
	defer close(q.done)
	if q.err != nil {
		return
	}
	if q.t == nil {
		q.err = q.runCold(ctx)
		return
	}
	from, to := q.span()
	q.frames, q.err = q.r.e.fetch(ctx, q.r.pool, q.t, from, to)
}

// runCold fetches the frames together with the trailer.
func (q *request) runCold(ctx context.Context) error {
	e, x := q.r.e, q.x
	mine, waited, err := e.readings.begin(ctx, x.Block.Name, x.Off, x.Off+x.Stored)
	if err != nil {
		return err
	}
	defer e.readings.end(mine)
	var whole span
	if waited && e.trailers.near(x.Block) != nil {
		q.t, err = e.trailerOf(ctx, q.r.pool, x)
	} else {
		q.t, whole, err = e.fetchWhole(ctx, q.r.pool, x)
	}
	if err != nil {
		return err
	}
	from, to := q.span()
	q.frames, err = e.fetchWith(ctx, q.r.pool, q.t, from, to, whole)
	return err
}

// span returns the numbers of q's first frame and of the one after its last.
func (q *request) span() (from, to int) {
	base := q.t.chunkStart(int(q.x.First))
	q.from = q.t.frameAt(base + q.lo)
	return q.from, q.t.frameAt(base+q.hi-1) + 1
}

// wanted returns the bytes of q's frames that were asked for.
func (q *request) wanted() [][]byte {
	base := q.t.chunkStart(int(q.x.First))
	out := make([][]byte, len(q.frames))
	for i, f := range q.frames {
		start := q.t.frameStart(q.from+i) - base
		out[i] = f.data()[max(q.lo-start, 0):min(q.hi-start, int64(len(f.data())))]
	}
	return out
}
