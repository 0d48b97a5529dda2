package dedupe

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"aetherfs/internal/manifest"

	"github.com/minio/crc64nvme"
)

// A block, byte by byte (docs/format.md):
//
//	block  := header, frames, trailer, footer
//	header := magic, format, suite
//	footer := length of the trailer (4 bytes, big-endian), header
const (
	magic  = "AFSBLK"
	format = 1
	suite  = 0 // plain; the others are kept for encryption at rest

	headerBytes = 6 + 2
	footerBytes = 4 + headerBytes
	nonceBytes  = 16
)

// Limits that a reader holds every stored length against.
const (
	MaxFrameBytes   = 1 << 20           // of one frame, plain
	MaxBlockBytes   = 256 << 20         // of a block
	maxTrailerBytes = 16 << 20          // of a trailer
	maxStoredBytes  = MaxFrameBytes     // of one frame, stored: what does not shrink is stored plain
	minFrameEntry   = 1 + 1 + 1 + 8 + 1 // bytes of a frame in a trailer, at least
	minChunkEntry   = 1 + 32            // bytes of a chunk in a trailer, at least
)

// codec says how the bytes of a frame are stored. The numbers are stored.
type codec uint8

const (
	codecPlain codec = 0
	codecZstd  codec = 1
)

var header = [headerBytes]byte{magic[0], magic[1], magic[2], magic[3], magic[4], magic[5], format, suite}

// checkHeader compares the header in b, of the named thing.
func checkHeader(what any, b []byte) error {
	switch {
	case string(b[:len(magic)]) != magic:
		return corrupt(what, "not a block")
	case b[6] != format:
		return fmt.Errorf("%v: block format %d is not known: %w", what, b[6], ErrCorrupt)
	case b[7] != suite:
		return fmt.Errorf("%v: block suite %d is not known: %w", what, b[7], ErrCorrupt)
	}
	return nil
}

// frameInfo is the place and the checksum of a frame.
type frameInfo struct {
	first  uint32 // number of its first chunk in the block
	plain  uint32 // bytes, decompressed
	stored uint32 // bytes, as stored
	codec  codec
	off    int64  // bytes from the block's beginning
	sum    uint64 // CRC-64/NVME of the stored bytes
}

// contents is what a trailer lists. The frames of a block follow each other
// without gaps, and so do the chunks of a frame, so that offsets and first
// chunks follow from lengths and counts.
type contents struct {
	frames  []frameInfo
	ends    []int64 // of each chunk: where it ends in the plain bytes of all frames
	digests []byte  // of each chunk, 32 bytes
}

// add appends a packed frame, stored where the last one ends.
func (c *contents) add(d *draft) {
	c.frames = append(c.frames, frameInfo{
		first: uint32(len(c.ends)), plain: uint32(d.n), stored: uint32(len(d.stored)),
		codec: d.codec, off: c.storedEnd(), sum: d.sum,
	})
	end := c.plainEnd()
	for _, n := range d.lens {
		end += int64(n)
		c.ends = append(c.ends, end)
	}
	c.digests = append(c.digests, d.digests...)
}

// storedEnd is the byte of the block at which the frames end.
func (c *contents) storedEnd() int64 {
	if len(c.frames) == 0 {
		return int64(headerBytes)
	}
	f := &c.frames[len(c.frames)-1]
	return f.off + int64(f.stored)
}

func (c *contents) plainEnd() int64 { return c.chunkStart(len(c.ends)) }

// chunkStart is where chunk i begins in the plain bytes of all frames.
func (c *contents) chunkStart(i int) int64 {
	if i == 0 {
		return 0
	}
	return c.ends[i-1]
}

// digest is the digest of chunk i.
func (c *contents) digest(i int) manifest.Digest {
	return manifest.Digest(c.digests[i*sha256.Size:])
}

// chunksEnd is the number of the chunk after the last one of frame f.
func (c *contents) chunksEnd(f int) int {
	if f+1 < len(c.frames) {
		return int(c.frames[f+1].first)
	}
	return len(c.ends)
}

// appendTrailer appends the trailer of c with its footer, and returns the
// trailer's name and length too.
func (c *contents) appendTrailer(b []byte, nonce [nonceBytes]byte) ([]byte, manifest.Digest, int) {
	start := len(b)
	b = append(b, nonce[:]...)
	b = binary.AppendUvarint(b, uint64(len(c.frames)))
	for i, f := range c.frames {
		b = binary.AppendUvarint(b, uint64(f.stored))
		b = binary.AppendUvarint(b, uint64(f.plain))
		b = append(b, byte(f.codec))
		b = binary.BigEndian.AppendUint64(b, f.sum)
		b = binary.AppendUvarint(b, uint64(c.chunksEnd(i))-uint64(f.first))
	}
	for i := range c.ends {
		b = binary.AppendUvarint(b, uint64(c.ends[i]-c.chunkStart(i)))
	}
	b = append(b, c.digests...)
	name, n := sha256.Sum256(b[start:]), len(b)-start
	b = binary.BigEndian.AppendUint32(b, uint32(n))
	return append(b, header[:]...), name, n
}

// maxTrailer is an upper bound of what appendTrailer appends for so many
// frames and chunks.
func maxTrailer(frames, chunks int) int {
	return nonceBytes + binary.MaxVarintLen32 + frames*(3*binary.MaxVarintLen32+1+crc64nvme.Size) +
		chunks*(binary.MaxVarintLen32+sha256.Size) + footerBytes
}
