package checksum

import "encoding/binary"

// blockBytes is what both functions take at a time.
const blockBytes = 64

// lanes are the states of both functions between two blocks. fuse knows where
// each lies.
type lanes struct {
	md5    [4]uint32
	sha256 [8]uint32
}

// fused is both functions computed together. Their blocks are the same but for
// the last, which holds the length in either's byte order.
type fused struct {
	lanes
	rest [blockBytes]byte // of what was written, the bytes behind the last block
	n    uint64           // bytes written
}

// newFused returns the states that RFC 1321 and FIPS 180-4 begin with.
func newFused() *fused {
	return &fused{lanes: lanes{
		md5:    [4]uint32{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476},
		sha256: [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
	}}
}

func (f *fused) write(data []byte) {
	held := f.n % blockBytes
	f.n += uint64(len(data))
	if held > 0 {
		took := copy(f.rest[held:], data)
		if data = data[took:]; held+uint64(took) < blockBytes {
			return
		}
		fuse(&f.lanes, f.rest[:])
	}
	whole := len(data) &^ (blockBytes - 1)
	fuse(&f.lanes, data[:whole])
	copy(f.rest[:], data[whole:])
}

// ended returns the states after the last block, in which put writes the length.
func (f *fused) ended(put func([]byte, uint64)) lanes {
	var last [2 * blockBytes]byte
	held := int(f.n % blockBytes)
	copy(last[:], f.rest[:held])
	last[held] = 0x80
	end := blockBytes
	if held >= blockBytes-8 { // no room for the length
		end += blockBytes
	}
	put(last[end-8:end], 8*f.n)
	s := f.lanes
	fuse(&s, last[:end])
	return s
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
	for _, word := range s.sha256 {
		sum = binary.BigEndian.AppendUint32(sum, word)
	}
	return sum
}
