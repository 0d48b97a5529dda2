package dedupe

import (
	"context"
	"errors"
	"io"
)

// Reading ahead. The first request is short, for a short time to the first
// byte; each one is twice as long as the one before.
const (
	firstFetchBytes = 256 << 10
	maxFetchBytes   = 4 << 20
	fetchesAhead    = 4 // requests of one download at once
)

// download is one sequential read of a file.
type download struct {
	r      *Reader
	ctx    context.Context
	cancel context.CancelFunc

	off, end int64 // of the file: what is not yet planned
	size     int64 // of the last request
	ahead    []*request

	now  *request // being handed out
	left [][]byte // of now, not yet handed out
	err  error    // what every Read returns from now on
}

// request is some consecutive frames of a block on their way.
type request struct {
	t        *trailer
	from, to int   // frames
	lo, hi   int64 // of the plain bytes of the block: what is wanted
	done     chan struct{}
	frames   []*frame
	err      error
}

func (d *download) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := d.advance(); err != nil {
		return 0, err
	}
	n := copy(p, d.left[0])
	d.consume(n)
	return n, nil
}

// WriteTo implements io.WriterTo: frames go to w without being copied.
func (d *download) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for {
		err := d.advance()
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		n, err := w.Write(d.left[0])
		total += int64(n)
		d.consume(n)
		if err != nil {
			return total, err
		}
	}
}

// Close ends the requests that are under way and waits for them.
func (d *download) Close() error {
	d.cancel()
	d.drop()
	for _, q := range d.ahead {
		<-q.done
		releaseAll(q.frames)
	}
	d.ahead = nil
	if d.err == nil {
		d.err = errors.New("read of a closed stream")
	}
	return nil
}

// consume moves n bytes on in what is at hand.
func (d *download) consume(n int) {
	if d.left[0] = d.left[0][n:]; len(d.left[0]) == 0 {
		d.left = d.left[1:]
	}
}

// advance makes sure that there are bytes at hand, and returns io.EOF at the
// end.
func (d *download) advance() error {
	if len(d.left) > 0 {
		return nil
	}
	if d.err == nil {
		d.err = d.load()
	}
	return d.err
}

// load takes the next request in order and keeps others going behind it.
func (d *download) load() error {
	d.drop()
	if err := d.plan(); err != nil && len(d.ahead) == 0 {
		return err
	}
	q := d.ahead[0]
	d.ahead = d.ahead[1:]
	<-q.done
	if q.err != nil {
		return q.err
	}
	d.now = q
	d.left = q.wanted()
	return nil
}

// drop lets go of what was handed out.
func (d *download) drop() {
	if d.now != nil {
		releaseAll(d.now.frames)
	}
	d.now, d.left = nil, nil
}

// plan starts requests until enough are under way. It returns io.EOF when
// there is nothing left to ask for.
func (d *download) plan() error {
	for len(d.ahead) < fetchesAhead {
		if d.off >= d.end {
			return io.EOF
		}
		q, err := d.request()
		if err != nil {
			return err
		}
		d.ahead = append(d.ahead, q)
		d.start(q)
	}
	return nil
}

// request plans the next one.
func (d *download) request() (*request, error) {
	i, start := d.r.extentAt(d.off)
	x := d.r.recipe[i]
	t, err := d.r.e.trailerOf(d.ctx, d.r.pool, x)
	if err != nil {
		return nil, err
	}
	base := t.chunkStart(int(x.First)) + x.Skip - start // plain byte of the block where the file would begin
	q := &request{t: t, lo: base + d.off, hi: base + min(d.r.ends[i], d.end), done: make(chan struct{})}
	d.size = min(max(2*d.size, firstFetchBytes), maxFetchBytes)
	q.from = t.frameAt(q.lo)
	var stored int64
	for q.to = q.from; q.to < len(t.frames) && t.frameStart(q.to) < q.hi && (q.to == q.from || stored < d.size); q.to++ {
		stored += int64(t.frames[q.to].plain)
	}
	q.hi = min(q.hi, t.frameEnd(q.to-1))
	d.off = q.hi - base
	return q, nil
}

// start fetches q, here if it is the only one, else beside.
func (d *download) start(q *request) {
	fetch := func() {
		defer close(q.done)
		q.frames, q.err = d.r.e.fetch(d.ctx, d.r.pool, q.t, q.from, q.to)
	}
	if len(d.ahead) == 1 && d.off >= d.end {
		fetch()
		return
	}
	go fetch()
}

// wanted returns the bytes of q that belong to the file.
func (q *request) wanted() [][]byte {
	out := make([][]byte, 0, len(q.frames))
	for i, f := range q.frames {
		start := q.t.frameStart(q.from + i)
		data := f.data()
		lo, hi := max(q.lo-start, 0), min(q.hi-start, int64(len(data)))
		out = append(out, data[lo:hi])
	}
	return out
}
