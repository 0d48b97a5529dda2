package manifest

import (
	"encoding/hex"
	"fmt"
)

// ID names a dataset, an entry, an upload, a batch or a writer: 16 random
// bytes.
type ID [16]byte

func (id ID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether id was never set.
func (id ID) IsZero() bool { return id == ID{} }

// ParseID is the inverse of ID.String.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 2*len(id) {
		return ID{}, fmt.Errorf("id %q: want %d hex digits", s, 2*len(id))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return ID{}, fmt.Errorf("id %q: %w", s, err)
	}
	return id, nil
}

// Digest is a SHA-256.
type Digest [32]byte

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Chunk is a run of file bytes cut by content.
type Chunk struct {
	Digest Digest // SHA-256 of Data
	Data   []byte
}

// Block says where a block is. It is shared by all extents that name it and is
// never changed after it was made.
type Block struct {
	Name    Digest // its signature: SHA-256 of its trailer
	Size    int64  // bytes, of the whole block
	Trailer int64  // bytes, of the trailer alone, without the footer behind it

	// Of a block that is embedded in a segment; zero for a block of the pool.
	Dataset ID      // whose log
	Slot    uint64  // which segment, from 1
	Base    int64   // byte of the segment at which the block begins
	Frames  []Frame // in order; nil for a block of the pool
}

// Embedded reports whether b is part of a segment rather than an object.
func (b *Block) Embedded() bool { return b.Slot > 0 }

// Frame is the place of a frame in an embedded block.
type Frame struct {
	First  uint32 // its first chunk's number in the block
	Count  uint32 // of its chunks
	Off    int64  // bytes from the block's beginning
	Stored int64  // bytes, compressed
	Plain  int64  // bytes, decompressed
}

// Extent is a run of file bytes from consecutive chunks of one block.
type Extent struct {
	Block *Block // nil: the small data of the transaction that brings the extent
	First uint32 // number of the first chunk, in the block or in the small data
	Count uint32 // of chunks, at least 1
	Skip  int64  // bytes of the first chunks that do not belong to the file
	Len   int64  // bytes that do, at least 1

	// The frames that it spans, as bytes from the block's beginning: what one
	// ranged read has to fetch. Zero while Block is nil.
	Off, Stored int64
}

// Recipe is the ordered extents that make up a file. It is never changed after
// it was made.
type Recipe []Extent

// Len is the length of the file in bytes.
func (r Recipe) Len() int64 {
	var n int64
	for _, e := range r {
		n += e.Len
	}
	return n
}

// Slice returns the recipe of the n bytes from off. The range must lie within
// the file. No trailer is read, so an extent that is cut keeps its chunks and
// frames, and only Skip and Len change.
func (r Recipe) Slice(off, n int64) Recipe {
	var out Recipe
	for _, e := range r {
		if n == 0 {
			break
		}
		if off >= e.Len {
			off -= e.Len
			continue
		}
		take := min(e.Len-off, n)
		e.Skip += off
		e.Len = take
		out = append(out, e)
		off, n = 0, n-take
	}
	return out
}
