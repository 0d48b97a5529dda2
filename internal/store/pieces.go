package store

import "fmt"

// Pieces is memory in several places, whose bytes are counted through all of
// them.
type Pieces [][]byte

// Len is the number of bytes.
func (p Pieces) Len() int64 {
	var n int64
	for _, piece := range p {
		n += int64(len(piece))
	}
	return n
}

// Slice returns the n bytes from off on, or as many of them as there are, in the
// same memory.
func (p Pieces) Slice(off, n int64) Pieces {
	var out Pieces
	for _, piece := range p {
		if size := int64(len(piece)); off >= size {
			off -= size
			continue
		}
		piece = piece[off:]
		piece = piece[:min(n, int64(len(piece)))]
		if off, n = 0, n-int64(len(piece)); len(piece) > 0 {
			out = append(out, piece)
		}
		if n == 0 {
			break
		}
	}
	return out
}

// CopyAt copies as much of data as p has room for from off on.
func (p Pieces) CopyAt(off int64, data []byte) {
	for _, piece := range p.Slice(off, int64(len(data))) {
		data = data[copy(piece, data):]
	}
}

// Fill is how a store puts the n bytes of an answer into the memory that r names.
// It returns what Get returns: no bytes if that is r.Into, and ErrRange if r.Into has
// another length. read fills each p with the bytes of the answer from at on, and is
// called in ascending order; its errors are returned as they are.
func (r Range) Fill(n int64, read func(p []byte, at int64) error) ([]byte, error) {
	if r.Into == nil {
		data := r.Room(n)
		return data, read(data, 0)
	}
	if want := r.Into.Len(); n != want {
		return nil, fmt.Errorf("%d bytes where there should be %d: %w", n, want, ErrRange)
	}
	var at int64
	for _, piece := range r.Into {
		if err := read(piece, at); err != nil {
			return nil, err
		}
		at += int64(len(piece))
	}
	return nil, nil
}

// Room returns memory for an answer of n bytes to a Range without Into: r.Buf if
// that is enough.
func (r Range) Room(n int64) []byte {
	if n <= int64(len(r.Buf)) {
		return r.Buf[:n:n]
	}
	return make([]byte, n)
}
