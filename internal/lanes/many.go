package lanes

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Sum256 is a SHA-256.
type Sum256 = [sha256.Size]byte

// AppendSHA256 appends the SHA-256 of each part to sums. Of parts of about the
// same length it takes two at once, in little more than the time of one.
func AppendSHA256(sums []Sum256, parts ...[]byte) []Sum256 {
	if canFuse && len(parts) > 1 {
		return appendByTwo(sums, parts)
	}
	return appendInTurn(sums, parts)
}

func appendInTurn(sums []Sum256, parts [][]byte) []Sum256 {
	for _, part := range parts {
		sums = append(sums, sha256.Sum256(part))
	}
	return sums
}

func appendByTwo(sums []Sum256, parts [][]byte) []Sum256 {
	sums, m := appendMany(sums, parts)
	l := new(lane)
	m.byTwo(l, m.next(l))
	return sums
}

// appendMany appends room for the sums of parts to sums, and returns both.
func appendMany(sums []Sum256, parts [][]byte) ([]Sum256, *many) {
	first := len(sums)
	sums = slices.Grow(sums, len(parts))[:first+len(parts)]
	return sums, &many{parts: parts, sums: sums[first:]}
}

// many are parts on their way through lanes.
type many struct {
	parts [][]byte
	sums  []Sum256
	begun int // of parts
}

// byTwo takes all that is left: the part in a, if it is in one, and those that have
// not begun.
func (m *many) byTwo(a *lane, inA bool) {
	b := new(lane)
	inB := m.next(b)
	for inA && inB {
		n := min(len(a.blocks), len(b.blocks))
		two(&a.state, &b.state, a.blocks[:n], b.blocks[:n])
		inA, inB = m.move(a, n), m.move(b, n)
	}
	if inB {
		a, inA = b, true
	}
	for inA {
		var spare sha256State
		two(&a.state, &spare, a.blocks, a.blocks)
		inA = m.move(a, len(a.blocks))
	}
}

// lane is one part on its way.
type lane struct {
	state  sha256State
	n      int    // number of the part
	blocks []byte // of the part, not yet taken
	ending bool   // they are the last
	room   [2 * blockBytes]byte
}

// next puts the next part into l; false if there is none.
func (m *many) next(l *lane) bool {
	if m.begun == len(m.parts) {
		return false
	}
	l.state, l.n, l.ending = newSHA256, m.begun, false
	m.begun++
	part := m.parts[l.n]
	l.blocks = part[:len(part)&^(blockBytes-1)]
	return m.move(l, 0)
}

// move goes on behind n bytes that l has taken: to the part's last blocks, and
// then to the next part. It is false if there is none.
func (m *many) move(l *lane, n int) bool {
	l.blocks = l.blocks[n:]
	switch {
	case len(l.blocks) > 0:
		return true
	case l.ending:
		m.sums[l.n] = l.state.sum()
		return m.next(l)
	}
	part := m.parts[l.n]
	rest := part[len(part)&^(blockBytes-1):]
	l.blocks, l.ending = last(&l.room, rest, uint64(len(part)), binary.BigEndian.PutUint64), true
	return true
}

// sha256State is what SHA-256 keeps between two blocks.
type sha256State [8]uint32

// newSHA256 is what it begins with: FIPS 180-4's.
var newSHA256 = sha256State{
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
}

func (s *sha256State) sum() (sum Sum256) {
	for i, word := range s {
		binary.BigEndian.PutUint32(sum[4*i:], word)
	}
	return sum
}
