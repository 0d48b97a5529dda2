package dedupe

import (
	"crypto/sha256"
	"encoding/binary"
)

// gearSeed makes the table below. It is part of the format in this sense
// alone: with another seed files are cut elsewhere and find nothing stored.
const gearSeed = "aetherfs gear 1"

// gear gives every byte value 64 random bits: the first eight bytes,
// big-endian, of SHA-256(gearSeed ‖ value).
var gear = func() (table [256]uint64) {
	for i := range table {
		sum := sha256.Sum256(append([]byte(gearSeed), byte(i)))
		table[i] = binary.BigEndian.Uint64(sum[:])
	}
	return table
}()

// gearWindow is the number of bytes that the hash depends on: a byte's bits are
// shifted out after 64 more.
const gearWindow = 64

// scan hashes on from h over data and returns the length of the shortest
// prefix at whose end the hash is under limit, or 0, and the hash there. It is
// unrolled: half of what storing new data costs beside MD5 and SHA-256.
func scan(data []byte, h, limit uint64) (int, uint64) {
	i := 0
	for ; len(data)-i >= 4; i += 4 {
		d := data[i : i+4 : i+4]
		g0, g1, g2, g3 := gear[d[0]], gear[d[1]], gear[d[2]], gear[d[3]]
		h0 := h<<1 + g0
		h1 := h<<2 + (g0<<1 + g1)
		h2 := h1<<1 + g2
		h = h1<<2 + (g2<<1 + g3)
		if h0 < limit {
			return i + 1, h0
		}
		if h1 < limit {
			return i + 2, h1
		}
		if h2 < limit {
			return i + 3, h2
		}
		if h < limit {
			return i + 4, h
		}
	}
	for ; i < len(data); i++ {
		if h = h<<1 + gear[data[i]]; h < limit {
			return i + 1, h
		}
	}
	return 0, h
}
