package dedupe

import "io"

var _ io.WriterTo = (*download)(nil)

// WriteTo implements io.WriterTo. What is at hand of a frame goes to w at once,
// from the memory where it was verified.
func (d *download) WriteTo(w io.Writer) (int64, error) {
	var total int64
	for {
		if err := d.advance(); err == io.EOF {
			return total, nil
		} else if err != nil {
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
