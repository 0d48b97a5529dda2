package checksum

// combiner extends a CRC by runs of bytes of which only the CRC and the length
// are known.
//
// A CRC is the remainder of the message, as a polynomial over GF(2), divided by
// the CRC's own. Appending a run B of n bytes to A multiplies A by x^(8n) and
// adds B, so crc(AB) = crc(A)·x^(8n) + crc(B), remainders all. The inversions
// of a CRC before the first and after the last bit cancel in that sum, because
// the three functions here use all ones for both. The same product of powers is
// used by zlib's crc32_combine.
type combiner struct {
	one  uint64 // the polynomial 1: reflected, the lowest power is the top bit
	poly uint64
	crc  uint64 // so far

	length int64  // for which power was computed; parts mostly have one size
	power  uint64 // x^(8·length)
}

func newCombiner(f *function) *combiner {
	one := uint64(1) << (8*f.size - 1)
	return &combiner{one: one, poly: f.poly, power: one}
}

// add appends n bytes whose CRC is crc.
func (c *combiner) add(crc uint64, n int64) {
	if n != c.length {
		c.length, c.power = n, c.shift(n)
	}
	c.crc = c.multiply(c.crc, c.power) ^ crc
}

// shift returns x^(8n) by squaring.
func (c *combiner) shift(n int64) uint64 {
	result, square := c.one, c.one>>8 // x^0, x^8
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			result = c.multiply(result, square)
		}
		square = c.multiply(square, square)
	}
	return result
}

// multiply returns a·b modulo the polynomial.
func (c *combiner) multiply(a, b uint64) uint64 {
	var product uint64
	for bit := c.one; a != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
			a ^= bit
		}
		carry := b & 1
		b >>= 1
		if carry == 1 {
			b ^= c.poly
		}
	}
	return product
}
