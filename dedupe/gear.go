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
// prefix at whose end the hash is under limit, or 0, and the hash there.
func scan(data []byte, h, limit uint64) (int, uint64) {
	n, h := skip(&gear, data, h, limit)
	for i, b := range data[n:] {
		if h = h<<1 + gear[b]; h < limit {
			return n + i + 1, h
		}
	}
	return 0, h
}
