package dedupe

import (
	"context"
	"errors"
	"io"
	"sync"
)

// Requests of a download. The first is short, for a short time to the first
// byte, and each is twice as long as the one before: up to maxFetchBytes, or
// to a fair share of the memory for reading ahead where many files are read.
const (
	firstFetchBytes = 256 << 10
	maxFetchBytes   = 4 << 20
)

// download is one sequential read of a file.
type download struct {
	r      *Reader
	ctx    context.Context
	cancel context.CancelFunc

	off, end int64 // of the file: what is not yet planned; the planner's once it runs
	size     int64 // of the last request
	scouts   scouts
	window   window
	ahead    chan *request // planned and not yet handed out; nil until there is a planner
	planner  sync.WaitGroup

	now  *request // being handed out
	left [][]byte // of now, not yet handed out
	err  error    // what every Read returns from now on
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

var errReadClosed = errors.New("read of a closed stream")

// Close ends the requests that are under way and waits for them.
func (d *download) Close() error {
	if errors.Is(d.err, errReadClosed) {
		return nil
	}
	d.err = errReadClosed
	d.cancel()
	d.drop()
	if d.ahead != nil {
		for q := range d.ahead {
			q.abandon()
		}
		d.r.e.downloads.Add(-1)
	}
	d.planner.Wait()
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
	for len(d.left) == 0 && d.err == nil {
		d.err = d.load()
	}
	return d.err
}

// load takes the next request in order.
func (d *download) load() error {
	d.drop()
	q, err := d.nextRequest()
	if err != nil {
		return err
	}
	<-q.done
	if q.err != nil {
		return q.err
	}
	d.now, d.left = q, q.wanted()
	return nil
}

// nextRequest makes the first request itself and, if there is more to come,
// starts the planner.
func (d *download) nextRequest() (*request, error) {
	if d.ahead != nil {
		q, ok := <-d.ahead
		if !ok {
			return nil, io.EOF
		}
		d.window.await(q)
		d.window.leave(q)
		return q, nil
	}
	if d.off >= d.end {
		return nil, io.EOF
	}
	q := d.plan()
	if d.off < d.end {
		d.r.e.downloads.Add(1)
		d.window.open(d.r.e)
		d.ahead = make(chan *request, mostUnder-1)
		d.planner.Go(d.planAhead)
	}
	q.run(d.ctx)
	return q, nil
}

// planAhead makes requests, each of which is fetched beside the others, until
// all is asked for or the download is closed.
func (d *download) planAhead() {
	defer close(d.ahead)
	for d.off < d.end {
		q := d.plan()
		if !d.window.enter(d.ctx, q) {
			return
		}
		d.planner.Go(func() { q.run(d.ctx) })
		select {
		case d.ahead <- q:
		case <-d.ctx.Done():
			q.abandon()
			return
		}
	}
}

// drop lets go of what was handed out.
func (d *download) drop() {
	if d.now != nil {
		releaseAll(d.now.frames)
	}
	d.now, d.left = nil, nil
}
