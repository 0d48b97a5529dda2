package dedupe

import (
	"fmt"

	"aetherfs/internal/lanes"
	"aetherfs/internal/sabotage"

	"github.com/klauspost/compress"
	"github.com/klauspost/compress/zstd"
	"github.com/minio/crc64nvme"
)

const (
	// blockLevel is the level of zstd for blocks. The next one makes tables and
	// sources 4 to 7 % smaller for a third more time.
	blockLevel = zstd.SpeedFastest
	// packLevel is the one for small data, where a file costs a request and
	// compressing it less than that. It makes sources 7 % smaller than
	// blockLevel does.
	packLevel = zstd.SpeedBetterCompression
	// minShrink is the part of a frame that compression must save: 1/16.
	minShrink = 16
	// Before a frame is compressed, samples of it, of so many bytes in all, are
	// looked at. Of random bytes the library estimates 0 to 0.053, of weights
	// of a neural network 0.23.
	sampleBytes    = 4 << 10
	samples        = 4
	incompressible = 0.06
)

// Verify says how frames that were read are checked.
type Verify uint8

const (
	ByDigest Verify = iota // by the SHA-256 of every chunk: for a remote store
	ByCRC                  // by the frame's CRC-64: for this machine's disk
)

// coder compresses and decompresses. It may be used concurrently, and holds
// nothing that has to be closed.
type coder struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newCoder(level zstd.EncoderLevel, concurrency int) (*coder, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(concurrency),
		zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true), zstd.WithWindowSize(MaxFrameBytes), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("zstd encoder: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(concurrency), zstd.WithDecoderMaxMemory(MaxFrameBytes),
		zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, fmt.Errorf("zstd decoder: %w", err)
	}
	return &coder{enc, dec}, nil
}

// encode compresses plain into dst, which is as long, and reports whether it
// shrank enough.
func (c *coder) encode(dst, plain []byte) ([]byte, bool) {
	if !mayShrink(plain) {
		return nil, false
	}
	out := c.enc.EncodeAll(plain, dst[:0])
	return out, len(out) <= len(plain)-len(plain)/minShrink && len(out) < len(plain)
}

// mayShrink estimates whether compressing plain is worth trying.
func mayShrink(plain []byte) bool {
	if len(plain) <= sampleBytes {
		return true
	}
	var sample [sampleBytes]byte
	for i := range samples {
		const n = sampleBytes / samples
		copy(sample[i*n:], plain[i*(len(plain)-n)/(samples-1):][:n])
	}
	return compress.Estimate(sample[:]) >= incompressible
}

// decode writes the plain bytes of frame f of t, of which stored is what the
// store holds, to dst, and verifies them. A frame that is stored plain may lie
// in dst already.
func (c *coder) decode(dst, stored []byte, t *trailer, f int, v Verify) error {
	info := &t.frames[f]
	if v == ByCRC && crc64nvme.Checksum(stored) != info.sum {
		return corrupt(t.block.Name, "frame %d does not match its CRC-64", f)
	}
	if err := c.expand(dst, stored, info.codec); err != nil {
		return corrupt(t.block.Name, "frame %d: %v", f, err)
	}
	if v == ByDigest && !sabotage.On(sabotage.ReadsUnverified) {
		return checkChunks(dst, t, f)
	}
	return nil
}

func (c *coder) expand(dst, stored []byte, k codec) error {
	if k == codecPlain { // the trailer's parser has compared the lengths
		if &dst[0] != &stored[0] {
			copy(dst, stored)
		}
		return nil
	}
	out, err := c.dec.DecodeAll(stored, dst[:0:len(dst)])
	if err == nil && len(out) != len(dst) {
		err = fmt.Errorf("%d bytes, want %d", len(out), len(dst))
	}
	return err
}

// checkChunks compares the chunks of frame f, whose bytes are plain, with
// their digests.
func checkChunks(plain []byte, t *trailer, f int) error {
	base, first := t.frameStart(f), int(t.frames[f].first)
	parts := make([][]byte, 0, t.chunksEnd(f)-first)
	for i := first; i < t.chunksEnd(f); i++ {
		parts = append(parts, plain[t.chunkStart(i)-base:t.ends[i]-base])
	}
	for i, sum := range lanes.AppendSHA256(nil, parts...) {
		if sum != t.digest(first+i) {
			return corrupt(t.block.Name, "chunk %d does not match its digest", first+i)
		}
	}
	return nil
}
