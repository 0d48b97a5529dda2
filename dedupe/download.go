package dedupe

import (
	"container/list"
	"errors"
	"sync"
)

// download is one sequential read of a file. While its reader is busy elsewhere
// it rests, and may lose what it has read and asked for to others that wait for
// memory; then it begins again where its reader is.
//
//	awake ──rest──▶ resting ──others wait──▶ yielding
//	  ▲                │                        │
//	  └──────wake──────┴────────────────────────┘
type download struct {
	r        *Reader
	pos, end int64 // of the file: what is not yet handed out

	flight *flight  // nil: nothing was asked for from pos on
	now    *request // being handed out
	left   [][]byte // of now, not yet handed out: one for each frame
	err    error    // what every Read returns from now on

	place    *list.Element  // among the resting; guarded by their lock
	yielding sync.WaitGroup // the goroutine that takes its memory
}

func (d *download) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	d.wake()
	defer d.rest()
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
	d.wake()
	d.yield()
	d.err = errReadClosed
	return nil
}

// consume moves n bytes on in what is at hand.
func (d *download) consume(n int) {
	d.pos += int64(n)
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
	if d.flight == nil {
		d.flight = newFlight(d.r, d.pos, d.end)
	}
	q, err := d.flight.next()
	if err != nil {
		return err
	}
	<-q.done
	d.now = q
	if q.err != nil {
		return q.err
	}
	d.left = q.wanted()
	return nil
}

// drop lets go of what was handed out.
func (d *download) drop() {
	if d.now != nil {
		releaseAll(d.now.frames)
		d.flight.window.leave(d.now)
	}
	d.now, d.left = nil, nil
}

// yield lets everything go.
func (d *download) yield() {
	d.drop()
	if d.flight != nil {
		d.flight.stop()
		d.flight = nil
	}
}
