package dedupe

import (
	"errors"
	"io"
)

// pieceBytes is what is copied for a client when many others are slow.
const pieceBytes = 32 << 10

var _ io.WriterTo = (*download)(nil)

// WriteTo implements io.WriterTo. What is at hand of a frame goes to w at once,
// from the memory where it was verified; where too much of that lies in front
// of slow clients, in pieces that are copied. The download rests meanwhile.
func (d *download) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for {
		d.wake()
		if err := d.advance(); errors.Is(err, io.EOF) {
			return total, nil
		} else if err != nil {
			return total, err
		}
		p, done := d.pin()
		d.rest()
		n, err := w.Write(p)
		done()
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
}

// pin consumes bytes that stay until done is called, also if d yields.
func (d *download) pin() (p []byte, done func()) {
	pins, f := d.r.e.pins, d.now.frames[len(d.now.frames)-len(d.left)]
	if n := int64(cap(f.buf.data)); pins.TryTake(n) {
		f.refs.Add(1)
		p = d.left[0]
		d.consume(len(p))
		return p, func() {
			f.release()
			pins.Give(n)
		}
	}
	piece := newBuffer(pieceBytes)
	n := copy(piece.data, d.left[0])
	d.consume(n)
	return piece.data[:n], piece.release
}
