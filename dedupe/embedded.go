package dedupe

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"

	"aetherfs/internal/manifest"

	"github.com/minio/crc64nvme"
)

// embedded knows the chunks of the blocks that are embedded in logs, by
// dataset (docs/design/0001). It is learned again when the log is replayed. It
// grows with the log until a fold has moved them.
type embedded struct {
	mu       sync.RWMutex
	datasets map[manifest.ID]*embeddedChunks
}

type embeddedChunks struct {
	folded uint64              // segments up to this one are not known here any more
	blocks map[uint64]*trailer // by slot
	chunks map[manifest.Digest]embeddedPlace
}

type embeddedPlace struct {
	t *trailer
	n uint32
}

func newEmbedded() *embedded {
	return &embedded{datasets: map[manifest.ID]*embeddedChunks{}}
}

// find returns the embedded block of that dataset that holds the chunk.
func (m *embedded) find(dataset manifest.ID, d manifest.Digest) (*trailer, uint32) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c := m.datasets[dataset]
	if c == nil {
		return nil, 0
	}
	p := c.chunks[d]
	if p.t == nil || p.t.dropped.Load() {
		return nil, 0
	}
	return p.t, p.n
}

// of returns what is known of a dataset. m.mu is held.
func (m *embedded) of(dataset manifest.ID) *embeddedChunks {
	c := m.datasets[dataset]
	if c == nil {
		c = &embeddedChunks{blocks: map[uint64]*trailer{}, chunks: map[manifest.Digest]embeddedPlace{}}
		m.datasets[dataset] = c
	}
	return c
}

// learn adds t, unless its slot is known, then it returns what is, or folded.
func (m *embedded) learn(t *trailer) *trailer {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.of(t.block.Dataset)
	if t.block.Slot <= c.folded {
		return t
	}
	if known := c.blocks[t.block.Slot]; known != nil && known.block.Name == t.block.Name {
		return known
	}
	c.blocks[t.block.Slot] = t
	for i := range t.ends {
		c.chunks[t.digest(i)] = embeddedPlace{t, uint32(i)}
	}
	return t
}

// trailer returns the trailer of b, an embedded block, if it was learned.
func (m *embedded) trailer(b *manifest.Block) *trailer {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c := m.datasets[b.Dataset]
	if c == nil {
		return nil
	}
	if t := c.blocks[b.Slot]; t != nil && t.block.Name == b.Name {
		return t
	}
	return nil
}

func (m *embedded) forget(dataset manifest.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.datasets, dataset)
}

// forgetFolded forgets the blocks of the segments up to base. The maps are made
// anew, because a map does not give its memory back.
func (m *embedded) forgetFolded(dataset manifest.ID, base uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.of(dataset)
	if base <= c.folded {
		return
	}
	kept := &embeddedChunks{folded: base, blocks: map[uint64]*trailer{}, chunks: map[manifest.Digest]embeddedPlace{}}
	for slot, t := range c.blocks {
		if slot > base {
			kept.blocks[slot] = t
		} else {
			t.dropped.Store(true) // for streams that go on from a chunk of it
		}
	}
	for d, p := range c.chunks {
		if p.t.block.Slot > base {
			kept.chunks[d] = p
		}
	}
	m.datasets[dataset] = kept
}

// folded reports whether b is embedded in a segment that a fold has left behind.
func (m *embedded) folded(b *manifest.Block) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c := m.datasets[b.Dataset]
	return b.Embedded() && c != nil && b.Slot <= c.folded
}

// Learn verifies the block that was found at byte base of segment slot of
// dataset's log, and lets new files of that dataset, and of no other, share its
// chunks. It keeps no reference to block. Learning a slot again returns the
// same Block. Of a slot that ForgetFolded has named it does what Describe does.
// ErrCorrupt: it is no block, or damaged.
func (e *Engine) Learn(dataset manifest.ID, slot uint64, base int64, block []byte) (*manifest.Block, error) {
	t, err := parseEmbedded(dataset, slot, base, block)
	if err != nil {
		return nil, err
	}
	return e.embedded.learn(t).block, nil
}

// Describe is Learn for a segment that is folded: no new file may share its
// chunks, but those that name them can still be read.
func (e *Engine) Describe(dataset manifest.ID, slot uint64, base int64, block []byte) (*manifest.Block, error) {
	t, err := parseEmbedded(dataset, slot, base, block)
	if err != nil {
		return nil, err
	}
	return t.block, nil
}

// Forget drops what Learn taught of a dataset.
func (e *Engine) Forget(dataset manifest.ID) { e.embedded.forget(dataset) }

// ForgetFolded drops what Learn taught of dataset's segments up to base, which
// a fold has moved: new files no longer share their chunks. What names such
// chunks can be read for as long as the segment is there.
func (e *Engine) ForgetFolded(dataset manifest.ID, base uint64) {
	e.embedded.forgetFolded(dataset, base)
}

// parseEmbedded verifies a block that is embedded in a segment, all but the
// digests of its chunks.
func parseEmbedded(dataset manifest.ID, slot uint64, base int64, block []byte) (*trailer, error) {
	what := fmt.Sprintf("block in segment %d of %v", slot, dataset)
	raw, err := splitBlock(what, block)
	if err != nil {
		return nil, err
	}
	b := &manifest.Block{
		Name: sha256.Sum256(raw), Size: int64(len(block)), Trailer: int64(len(raw)),
		Dataset: dataset, Slot: slot, Base: base,
	}
	t, err := parseTrailer(b, raw)
	if err != nil {
		return nil, err
	}
	for i, f := range t.frames {
		if crc64nvme.Checksum(block[f.off:f.off+int64(f.stored)]) != f.sum {
			return nil, corrupt(what, "frame %d does not match its CRC-64", i)
		}
	}
	b.Frames = t.places()
	return t, nil
}

// places lists the frames as a Block of a segment does.
func (c *contents) places() []manifest.Frame {
	out := make([]manifest.Frame, len(c.frames))
	for i, f := range c.frames {
		out[i] = manifest.Frame{
			First: f.first, Count: uint32(c.chunksEnd(i)) - f.first,
			Off: f.off, Stored: int64(f.stored), Plain: int64(f.plain),
		}
	}
	return out
}

// splitBlock returns the trailer of a whole block.
func splitBlock(what any, block []byte) ([]byte, error) {
	if len(block) < headerBytes+footerBytes {
		return nil, corrupt(what, "%d bytes", len(block))
	}
	footer := block[len(block)-footerBytes:]
	if err := checkHeader(what, block[:headerBytes]); err != nil {
		return nil, err
	}
	if err := checkHeader(what, footer[4:]); err != nil {
		return nil, err
	}
	n := int64(binary.BigEndian.Uint32(footer))
	end := int64(len(block) - footerBytes)
	if n > maxTrailerBytes || n > end-int64(headerBytes) {
		return nil, corrupt(what, "trailer of %d bytes", n)
	}
	return block[end-n : end], nil
}
