//go:build !amd64

package dedupe

// skip hashes on from h over data, by four bytes, until behind one of the next four
// the hash is under limit. It returns how many bytes it took, and the hash there.
func skip(table *[256]uint64, data []byte, h, limit uint64) (n int, at uint64) {
	for ; len(data)-n >= 4; n += 4 {
		d := data[n : n+4 : n+4]
		g0, g1, g2, g3 := table[d[0]], table[d[1]], table[d[2]], table[d[3]]
		h0 := h<<1 + g0
		h1 := h<<2 + (g0<<1 + g1)
		h2 := h1<<1 + g2
		h3 := h1<<2 + (g2<<1 + g3)
		if h0 < limit || h1 < limit || h2 < limit || h3 < limit {
			break
		}
		h = h3
	}
	return n, h
}
