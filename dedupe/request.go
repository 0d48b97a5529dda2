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
}

// plan makes the next request and moves on behind it.
func (d *download) plan() *request {
	i, start := d.r.extentAt(d.off)
	x := d.r.recipe[i]
	q := &request{r: d.r, x: x, lo: x.Skip + d.off - start, hi: x.Skip + min(d.r.ends[i], d.end) - start, done: make(chan struct{})}
	d.size = min(max(2*d.size, firstFetchBytes), d.r.e.fetchBytes())
	d.scout(i)
	short := x.Block != nil && x.Off > 0 && x.Stored > 0 && x.Stored <= d.size
	if !short || d.r.e.trailers.near(x.Block) != nil {
		if q.t, q.err = d.r.e.trailerOf(d.ctx, d.r.pool, x); q.err == nil {
			q.limit(d.size)
		}
	}
	d.off = q.hi - x.Skip + start
	return q
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

// abandon waits for q and lets its frames go.
func (q *request) abandon() {
	<-q.done
	releaseAll(q.frames)
}
