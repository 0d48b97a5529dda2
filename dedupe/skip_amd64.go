package dedupe

// skip hashes on from h over data, by eight bytes, until behind one of the next
// eight the hash is under limit. It returns how many bytes it took, and the hash
// there.
//
//go:noescape
func skip(table *[256]uint64, data []byte, h, limit uint64) (n int, at uint64)
