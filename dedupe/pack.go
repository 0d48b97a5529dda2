package dedupe

import (
	"errors"
	"fmt"
	"io"

	"aetherfs/internal/manifest"
)

// Pack makes a block to be embedded in a segment. Chunk i of the block is
// chunks[i], so that numbers stay; nothing is looked up. Chunks are at most
// MaxFrameBytes long and not empty.
func (e *Engine) Pack(chunks []manifest.Chunk) ([]byte, error) {
	if len(chunks) == 0 {
		return nil, errors.New("pack: no chunks")
	}
	var c contents
	out := append([]byte(nil), header[:]...)
	for len(chunks) > 0 {
		d := newDraft(frameBytes)
		for len(chunks) > 0 && d.fits(len(chunks[0].Data)) {
			if n := len(chunks[0].Data); n == 0 || n > MaxFrameBytes {
				d.release()
				return nil, fmt.Errorf("pack: chunk of %d bytes", n)
			}
			d.add(chunks[0].Digest, chunks[0].Data)
			chunks = chunks[1:]
		}
		d.pack(e.packer)
		c.add(d)
		out = append(out, d.stored...)
		d.release()
	}
	var nonce [nonceBytes]byte
	if _, err := io.ReadFull(e.o.Rand, nonce[:]); err != nil {
		return nil, fmt.Errorf("pack: nonce: %w", err)
	}
	out, _, _ = c.appendTrailer(out, nonce)
	return out, nil
}
