package dedupe

import (
	"fmt"

	"aetherfs/internal/manifest"
)

// Moved tells where Move has put chunks.
type Moved struct {
	sources map[manifest.Digest]*source // by name of the embedded block
	places  []place                     // of the chunks, by number
}

// source is an embedded block from which chunks were moved.
type source struct {
	t       *trailer
	numbers []uint32 // of its chunks, + 1; 0: not moved
}

// place is where a chunk lies in a block of the pool.
type place struct {
	block  *manifest.Block
	n      uint32
	stored uint32 // bytes of its frame
	off    int64  // of its frame, bytes from the block's beginning
	start  int64  // of the chunk in the plain bytes of all frames
}

func newMoved() *Moved { return &Moved{sources: map[manifest.Digest]*source{}} }

// add takes the place of the next chunks.
func (m *Moved) add(t *trailer, first, count uint32) {
	for n := first; n < first+count; n++ {
		f := &t.frames[t.frameOf(int(n))]
		m.places = append(m.places, place{t.block, n, f.stored, f.off, t.chunkStart(int(n))})
	}
}

// chunks returns the first and the last chunk of which x, an extent of s, names
// bytes.
func (s *source) chunks(x manifest.Extent) (first, last int, err error) {
	if err := s.t.covers(x); err != nil {
		return 0, 0, err
	}
	from := s.t.chunkStart(int(x.First)) + x.Skip
	return s.t.chunkAt(from), s.t.chunkAt(from + x.Len - 1), nil
}

// Recipe returns r with every extent of an embedded block replaced by what
// Move made of it. An extent that was not moved is an error.
func (m *Moved) Recipe(r manifest.Recipe) (manifest.Recipe, error) {
	var out manifest.Recipe
	end := int64(-1) // of the last extent in the plain bytes of its block; -1: not known
	for _, x := range r {
		if x.Block == nil {
			return nil, errNoBlock
		}
		if !x.Block.Embedded() {
			out, end = append(out, x), -1
			continue
		}
		src := m.sources[x.Block.Name]
		if src == nil {
			return nil, fmt.Errorf("block %v of segment %d was not moved", x.Block.Name, x.Block.Slot)
		}
		first, last, err := src.chunks(x)
		if err != nil {
			return nil, err
		}
		from := src.t.chunkStart(int(x.First)) + x.Skip
		for n := first; n <= last; n++ {
			if src.numbers[n] == 0 {
				return nil, fmt.Errorf("chunk %d of block %v of segment %d was not moved", n, x.Block.Name, x.Block.Slot)
			}
			p := &m.places[src.numbers[n]-1]
			start := src.t.chunkStart(n)
			skip := max(from-start, 0)
			length := min(src.t.ends[n], from+x.Len) - start - skip
			out = p.extend(out, end, skip, length)
			end = p.start + skip + length
		}
	}
	return out, nil
}

// extend appends n bytes of p's chunk, behind skip of them, to r, whose last
// extent ends at byte end of its block.
func (p *place) extend(r manifest.Recipe, end, skip, n int64) manifest.Recipe {
	x := manifest.Extent{Block: p.block, First: p.n, Count: 1, Skip: skip, Len: n, Off: p.off, Stored: int64(p.stored)}
	if end != p.start+skip || r[len(r)-1].Block.Name != p.block.Name {
		return append(r, x)
	}
	last := &r[len(r)-1]
	last.Count = p.n + 1 - last.First
	last.Len += n
	last.Stored = p.off + int64(p.stored) - last.Off
	return r
}
