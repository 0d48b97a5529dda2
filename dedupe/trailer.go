package dedupe

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"sort"
	"sync/atomic"

	"aetherfs/internal/manifest"
)

// trailer is a verified trailer. It is shared and never changed.
type trailer struct {
	contents
	block   *manifest.Block
	dropped atomic.Bool // the block turned out to be damaged: no new file may name it
}

// weight is the memory that t takes, in bytes, about.
func (t *trailer) weight() uint32 {
	return uint32(256 + 40*len(t.frames) + 8*len(t.ends) + len(t.digests))
}

// parseTrailer verifies raw, the trailer of b, and keeps no reference to it.
func parseTrailer(b *manifest.Block, raw []byte) (*trailer, error) {
	if sha256.Sum256(raw) != b.Name {
		return nil, corrupt(b.Name, "trailer does not match the block's name")
	}
	c, err := parseContents(b.Name, raw)
	if err != nil {
		return nil, err
	}
	if end := c.storedEnd() + int64(len(raw)+footerBytes); end != b.Size {
		return nil, corrupt(b.Name, "block of %d bytes, its trailer says %d", b.Size, end)
	}
	return &trailer{contents: *c, block: b}, nil
}

// parseContents is the inverse of appendTrailer, footer aside.
func parseContents(what any, raw []byte) (*contents, error) {
	d := decoder{b: raw}
	d.bytes(nonceBytes)
	frames := d.count(minFrameEntry)
	c := &contents{frames: make([]frameInfo, 0, frames)}
	chunks, off := 0, int64(headerBytes)
	for range frames {
		f := frameInfo{first: uint32(chunks), off: off}
		f.stored = d.length(1, maxStoredBytes)
		f.plain = d.length(1, MaxFrameBytes)
		f.codec = codec(d.byte())
		f.sum = d.uint64()
		n := d.count(minChunkEntry)
		if d.bad || n == 0 || f.codec > codecZstd || f.codec == codecPlain && f.stored != f.plain {
			return nil, corrupt(what, "bad frame %d in the trailer", len(c.frames))
		}
		chunks += n
		off += int64(f.stored)
		c.frames = append(c.frames, f)
	}
	if d.bad || chunks*minChunkEntry > len(d.b) {
		return nil, corrupt(what, "bad trailer")
	}
	if !c.parseChunks(&d, chunks) {
		return nil, corrupt(what, "bad chunks in the trailer")
	}
	return c, nil
}

// parseChunks reads the chunks' lengths, which must fill the frames, and their
// digests, which must fill the rest.
func (c *contents) parseChunks(d *decoder, chunks int) bool {
	c.ends = make([]int64, 0, chunks)
	var end, frameEnd int64
	for i, f := range c.frames {
		last := chunks
		if i+1 < len(c.frames) {
			last = int(c.frames[i+1].first)
		}
		for len(c.ends) < last {
			end += int64(d.length(1, MaxFrameBytes))
			c.ends = append(c.ends, end)
		}
		if frameEnd += int64(f.plain); end != frameEnd {
			return false
		}
	}
	c.digests = bytes.Clone(d.bytes(chunks * sha256.Size))
	return !d.bad && len(d.b) == 0
}

// frameAt returns the number of the frame that holds the plain byte at.
func (c *contents) frameAt(at int64) int {
	return sort.Search(len(c.frames), func(f int) bool { return c.frameEnd(f) > at })
}

// frameStart and frameEnd are where frame f lies in the plain bytes of all.
func (c *contents) frameStart(f int) int64 { return c.chunkStart(int(c.frames[f].first)) }

func (c *contents) frameEnd(f int) int64 { return c.ends[c.chunksEnd(f)-1] }

// frameOf returns the number of the frame that holds chunk i.
func (c *contents) frameOf(i int) int {
	return sort.Search(len(c.frames), func(f int) bool { return c.chunksEnd(f) > i })
}

// chunkAt returns the number of the chunk that holds the plain byte at.
func (c *contents) chunkAt(at int64) int {
	return sort.Search(len(c.ends), func(i int) bool { return c.ends[i] > at })
}

// covers returns nil if t has the chunks and the bytes that x names.
func (t *trailer) covers(x manifest.Extent) error {
	first, end := int64(x.First), int64(x.First)+int64(x.Count)
	if end > int64(len(t.ends)) || x.Skip < 0 || x.Len < 1 || t.chunkStart(int(first))+x.Skip+x.Len > t.chunkStart(int(end)) {
		return corrupt(t.block.Name, "extent of chunks %d to %d, %d bytes after %d, is not in the block", first, end, x.Len, x.Skip)
	}
	return nil
}

// extent is the one of count chunks from first.
func (t *trailer) extent(first, count uint32) manifest.Extent {
	from, to := &t.frames[t.frameOf(int(first))], &t.frames[t.frameOf(int(first+count-1))]
	return manifest.Extent{
		Block: t.block, First: first, Count: count,
		Len: t.chunkStart(int(first+count)) - t.chunkStart(int(first)),
		Off: from.off, Stored: to.off + int64(to.stored) - from.off,
	}
}

// decoder reads from b; once something is missing or out of bounds it is bad,
// and returns zeros.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) bytes(n int) []byte {
	if d.bad || n > len(d.b) {
		d.bad = true
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if b := d.bytes(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// length reads a varint from low to high, in its shortest form.
func (d *decoder) length(low, high uint64) uint32 {
	v, n := binary.Uvarint(d.b)
	if d.bad || n <= 0 || n > 1 && d.b[n-1] == 0 || v < low || v > high {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return uint32(v)
}

// count reads the number of entries of at least size bytes each, which must
// fit into what is left.
func (d *decoder) count(size int) int { return int(d.length(0, uint64(len(d.b)/size))) }
