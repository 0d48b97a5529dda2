package lanes

import "encoding/binary"

// blockBytes is what both functions take at a time.
const blockBytes = 64

// states are those of both functions between two blocks. fuse knows where each
// lies.
type states struct {
	md5    [4]uint32
	sha256 sha256State
}

// fused is both functions computed together. Their blocks are the same but for
// the last, which holds the length in either's byte order.
type fused struct {
	states
	rest [blockBytes]byte // of what was written, the bytes behind the last block
	n    uint64           // bytes written
}

// newFused returns the states that the functions begin with: RFC 1321's and
// FIPS 180-4's.
func newFused() *fused {
	return &fused{states: states{
		md5:    [4]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476},
		sha256: newSHA256,
	}}
}

func (f *fused) write(data []byte) { f.take(f.whole(data)) }

// writeBeside is write, and takes what it can of the parts of m at the same time, the
// last of them in l. It reports whether l holds one that is not done.
func (f *fused) writeBeside(data []byte, m *many, l *lane) bool {
	blocks := f.whole(data)
	more := m.next(l)
	for more && len(blocks) > 0 {
		n := min(len(blocks), len(l.blocks))
		fuse(&f.states, &l.state, blocks[:n], l.blocks[:n])
		blocks, more = blocks[n:], m.move(l, n)
	}
	f.take(blocks)
	return more
}

// whole writes the ends of data that do not fill blocks and returns the blocks
// between, which the caller takes.
func (f *fused) whole(data []byte) []byte {
	held := f.n % blockBytes
	f.n += uint64(len(data))
	if held > 0 {
		took := copy(f.rest[held:], data)
		if data = data[took:]; held+uint64(took) < blockBytes {
			return nil
		}
		f.take(f.rest[:])
	}
	end := len(data) &^ (blockBytes - 1)
	copy(f.rest[:], data[end:])
	return data[:end]
}

// take takes whole blocks into both states.
func (s *states) take(blocks []byte) {
	var spare sha256State
	fuse(s, &spare, blocks, blocks)
}

// ended returns the states after the last block, in which put writes the length.
func (f *fused) ended(put func([]byte, uint64)) states {
	var room [2 * blockBytes]byte
	s := f.states
	s.take(last(&room, f.rest[:f.n%blockBytes], f.n, put))
	return s
}

// last returns the last one or two blocks of n bytes, of which rest is what does
// not fill a block, in room.
func last(room *[2 * blockBytes]byte, rest []byte, n uint64, put func([]byte, uint64)) []byte {
	clear(room[copy(room[:], rest):])
	room[len(rest)] = 0x80
	end := blockBytes
	if len(rest) >= blockBytes-8 { // no room for the length
		end += blockBytes
	}
	put(room[end-8:end], 8*n)
	return room[:end]
}

func (f *fused) sumMD5() (sum []byte) {
	s := f.ended(binary.LittleEndian.PutUint64)
	for _, word := range s.md5 {
		sum = binary.LittleEndian.AppendUint32(sum, word)
	}
	return sum
}

func (f *fused) sumSHA256() (sum []byte) {
	s := f.ended(binary.BigEndian.PutUint64)
	out := s.sha256.sum()
	return out[:]
}
