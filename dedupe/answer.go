package dedupe

import "aetherfs/internal/store"

// answer is the stored bytes of consecutive frames, each in memory of its own:
// a plain one lies where its frame will. A nil one is empty.
type answer struct {
	first  int       // number of the first frame
	frames []*buffer // nil: taken
}

// newAnswer returns room for frames first to last of t.
func newAnswer(t *trailer, first, last int) *answer {
	a := &answer{first: first, frames: make([]*buffer, last+1-first)}
	for i := range a.frames {
		a.frames[i] = newBuffer(int(t.frames[first+i].stored))
	}
	return a
}

// pieces are the memory of all frames, for a store to fill.
func (a *answer) pieces() store.Pieces {
	out := make(store.Pieces, len(a.frames))
	for i, b := range a.frames {
		out[i] = b.data
	}
	return out
}

// take gives the bytes of frame n of the trailer away, nil if they are not there.
func (a *answer) take(n int) *buffer {
	if a == nil || n < a.first || n >= a.first+len(a.frames) {
		return nil
	}
	b := a.frames[n-a.first]
	a.frames[n-a.first] = nil
	return b
}

// drop releases what was not taken.
func (a *answer) drop() {
	if a == nil {
		return
	}
	for _, b := range a.frames {
		if b != nil {
			b.release()
		}
	}
}
