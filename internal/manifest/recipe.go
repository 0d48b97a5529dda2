package manifest

// A recipe is stored as a list of extents. The first number of an extent says
// where its chunks are:
//
//	0           in the small data of the transaction itself
//	2·slot      in the block embedded in that earlier segment of the same log
//	2·i + 1     in block i of the table at the transaction's beginning
//
// Only extents of the table's blocks carry the stored range: that of an
// embedded block follows from its trailer, which replay has at hand.

func (e *encoder) recipe(r Recipe) {
	e.uint(uint64(len(r)))
	for _, x := range r {
		switch {
		case x.Block == nil:
			e.uint(0)
		case x.Block.Embedded():
			e.uint(2 * x.Block.Slot)
		default:
			e.uint(uint64(2*e.block(x.Block) + 1))
		}
		e.uint(uint64(x.First))
		e.uint(uint64(x.Count))
		e.int(x.Skip)
		e.int(x.Len)
		if x.Block != nil && !x.Block.Embedded() {
			e.int(x.Off)
			e.int(x.Stored)
		}
	}
}

// block returns b's position in the table of blocks.
func (e *encoder) block(b *Block) int {
	if i, ok := e.index[b.Name]; ok {
		return i
	}
	if e.index == nil {
		e.index = map[Digest]int{}
	}
	e.index[b.Name] = len(e.blocks)
	e.blocks = append(e.blocks, b)
	return len(e.blocks) - 1
}

// recipe takes a recipe. An extent in an earlier segment gets a Block that
// holds the slot alone; replay puts the real one there. No sum of lengths of
// what it takes overflows.
func (d *decoder) recipe() Recipe {
	var total int64
	return list(d, 5, func(d *decoder) Extent {
		var x Extent
		where := d.uint()
		if d.strict {
			d.tabled(where)
		}
		x.First, x.Count = d.uint32(), d.uint32()
		x.Skip, x.Len = d.int(), d.int()
		switch {
		case where == 0:
		case where%2 == 0:
			x.Block = &Block{Slot: where / 2}
		case where/2 < uint64(len(d.blocks)):
			x.Block = d.blocks[where/2]
			x.Off, x.Stored = d.int(), d.int()
			if x.Off > x.Block.Size || x.Stored > x.Block.Size-x.Off {
				d.fail("frames %d+%d in a block of %d bytes", x.Off, x.Stored, x.Block.Size)
			}
		default:
			d.fail("block %d of a table of %d", where/2, len(d.blocks))
		}
		if x.Count == 0 || x.Len == 0 || x.First+x.Count < x.First {
			d.fail("extent of %d chunks from %d, %d bytes", x.Count, x.First, x.Len)
		}
		if x.Skip > MaxEntryBytes || x.Len > MaxEntryBytes-total {
			d.fail("extent of %d bytes behind %d and %d skipped", x.Len, total, x.Skip)
			return x
		}
		total += x.Len
		return x
	})
}

// tabled fails unless an extent is in a block of the table, and the first use
// of each follows that of the one before it.
func (d *decoder) tabled(where uint64) {
	i := where / 2
	if where%2 == 0 || i > uint64(d.used) {
		d.fail("extent at place %d, %d blocks were named", where, d.used)
	}
	if i == uint64(d.used) {
		d.used++
	}
}

func (e *encoder) table() {
	e.uint(uint64(len(e.blocks)))
	for _, b := range e.blocks {
		e.raw(b.Name[:])
		e.int(b.Size)
		e.int(b.Trailer)
	}
}

func (d *decoder) table() {
	seen := map[Digest]bool{}
	d.blocks = list(d, len(Digest{})+2, func(d *decoder) *Block {
		b := &Block{Name: d.digest(), Size: d.int(), Trailer: d.int()}
		if seen[b.Name] && d.strict {
			d.fail("block %s twice", b.Name)
		}
		seen[b.Name] = true
		if b.Trailer > b.Size {
			d.fail("trailer of %d bytes in a block of %d", b.Trailer, b.Size)
		}
		return b
	})
}

// rebase points the extents of small data into the embedded block that holds
// it, and those of earlier segments at their real blocks. The transaction's
// first chunk is number base of own. ErrStale: a segment that is not (or no
// longer) part of the log; or an error of earlier.
func (r Recipe) rebase(own *Block, base uint32, earlier func(slot uint64) (*Block, error)) (Recipe, error) {
	out := r
	for i, x := range r {
		switch {
		case x.Block == nil:
			x.Block = own
			x.First += base
		case x.Block.Embedded():
			b, err := earlier(x.Block.Slot)
			if err != nil {
				return nil, err
			}
			x.Block = b
		default:
			continue
		}
		if x.Block == nil {
			return nil, ErrStale
		}
		if x.Off, x.Stored = x.Block.span(x.First, x.Count); x.Stored == 0 {
			return nil, ErrStale
		}
		if &out[0] == &r[0] {
			out = append(Recipe(nil), r...)
		}
		out[i] = x
	}
	return out, nil
}

// span returns the bytes of an embedded block in which the frames of count
// chunks from first lie; zero if it has not all of them.
func (b *Block) span(first, count uint32) (off, n int64) {
	last := first + count - 1
	for _, f := range b.Frames {
		end := f.First + f.Count - 1
		if end < first {
			continue
		}
		if n == 0 {
			off = f.Off
		}
		n = f.Off + f.Stored - off
		if last <= end {
			return off, n
		}
	}
	return 0, 0
}
