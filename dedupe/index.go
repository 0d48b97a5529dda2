package dedupe

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"

	"aetherfs/internal/kv"
	"aetherfs/internal/manifest"
)

// indexKeyBytes of a digest are the key of a chunk in the index. The trailer
// has all 32, and they are compared.
const indexKeyBytes = 16

// index finds the chunks of durable blocks by digest. It is a hint: it may
// forget, and what it says is checked.
type index struct {
	kv       *kv.DB
	trailers *trailers

	mu    sync.Mutex
	pools map[string]*kv.Space // guarded by mu
}

func newIndex(db *kv.DB, ts *trailers) *index {
	return &index{kv: db, trailers: ts, pools: map[string]*kv.Space{}}
}

// space is the key space of a pool: a hit is always of the same pool.
func (x *index) space(pool string) *kv.Space {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.pools[pool]
	if s == nil {
		s = x.kv.Space("chunks/" + pool)
		x.pools[pool] = s
	}
	return s
}

// find returns the block of pool that holds the chunk, as its verified
// trailer, and the chunk's number; nil if there is none or it cannot be
// verified.
func (x *index) find(ctx context.Context, pool string, d manifest.Digest) (*trailer, uint32) {
	s := x.space(pool)
	value, ok := s.Get(d[:indexKeyBytes])
	if !ok {
		return nil, 0
	}
	b, n, ok := parsePlace(value)
	if !ok {
		return nil, 0
	}
	t, err := x.trailers.confirm(ctx, pool, b)
	if errors.Is(err, ErrCorrupt) {
		x.lose(pool, b, d)
	}
	if err != nil || t.dropped.Load() || int(n) >= len(t.ends) || t.digest(int(n)) != d {
		return nil, 0
	}
	return t, n
}

// learn adds the chunks of a durable block, and its name, which is longer than
// the key of a chunk, to tell that it was learned.
func (x *index) learn(pool string, t *trailer) {
	pairs := make([]kv.Pair, len(t.ends), len(t.ends)+1)
	for i := range pairs {
		pairs[i].Key = t.digests[i*32 : i*32+indexKeyBytes]
		pairs[i].Value = appendPlace(nil, t.block, uint32(i))
	}
	x.space(pool).PutAll(append(pairs, kv.Pair{Key: t.block.Name[:], Value: []byte{}}))
}

// knows reports whether the block was learned and not forgotten.
func (x *index) knows(pool string, name manifest.Digest) bool {
	return x.space(pool).Has(name[:])
}

// lose forgets a block that the store does not have, or at least the chunk
// that led to it.
func (x *index) lose(pool string, b *manifest.Block, d manifest.Digest) {
	if t := x.trailers.near(b); t != nil && x.trailers.drop(t) {
		x.forget(pool, t)
		return
	}
	x.space(pool).Delete(d[:indexKeyBytes])
}

// forget removes the chunks that are said to be in t's block.
func (x *index) forget(pool string, t *trailer) {
	x.kv.Sync() // what was learned of it is there
	s := x.space(pool)
	keys := [][]byte{t.block.Name[:]}
	for i := range t.ends {
		key := t.digests[i*32 : i*32+indexKeyBytes]
		if value, ok := s.Get(key); ok {
			if b, _, ok := parsePlace(value); ok && b.Name == t.block.Name {
				keys = append(keys, key)
			}
		}
	}
	s.Delete(keys...)
}

// A place in the index: name of the block, varints of its length, of its
// trailer's length and of the chunk's number.
func appendPlace(v []byte, b *manifest.Block, n uint32) []byte {
	v = append(v, b.Name[:]...)
	v = binary.AppendUvarint(v, uint64(b.Size))
	v = binary.AppendUvarint(v, uint64(b.Trailer))
	return binary.AppendUvarint(v, uint64(n))
}

func parsePlace(v []byte) (*manifest.Block, uint32, bool) {
	d := decoder{b: v}
	b := &manifest.Block{}
	copy(b.Name[:], d.bytes(len(b.Name)))
	b.Size = int64(d.length(0, 2*MaxBlockBytes))
	b.Trailer = int64(d.length(0, maxTrailerBytes))
	n := d.length(0, 1<<32-1)
	return b, n, !d.bad && len(d.b) == 0
}
