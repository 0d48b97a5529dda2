package catalog

import (
	"encoding/binary"

	"aetherfs/internal/kv"
	"aetherfs/internal/manifest"
)

// marks remembers in the cache folder how far each log has been. A log that is
// behind its mark, or has another segment there, is that of an older copy of
// the store: what the folder says of chunks and blocks may not be in it.
type marks struct {
	db    *kv.DB
	space *kv.Space // id of the log → slot, u64, and the segment's SHA-256
}

func newMarks(db *kv.DB) marks { return marks{db, db.Space("logs")} }

// mark is a segment of a log. The zero mark is none.
type mark struct {
	n   uint64
	sum manifest.Digest
}

func (m marks) get(id manifest.ID) (at mark) {
	v, ok := m.space.Get(id[:])
	if !ok || len(v) != 8+len(at.sum) {
		return mark{}
	}
	at.n = binary.BigEndian.Uint64(v)
	copy(at.sum[:], v[8:])
	return at
}

func (m marks) set(id manifest.ID, at mark) {
	m.space.Put(id[:], append(binary.BigEndian.AppendUint64(nil, at.n), at.sum[:]...))
}

// contradicts reports whether a log that has that segment is not the one of the
// mark.
func (at mark) contradicts(n uint64, sum manifest.Digest) bool { return n == at.n && sum != at.sum }

// setAside empties the folder.
func (m marks) setAside() { m.db.Reset() }
