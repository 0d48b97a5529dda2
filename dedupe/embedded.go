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
// dataset (docs/design/0001). It is learned again when the log is replayed, and
// like the log's state it grows with the log.
type embedded struct {
	mu       sync.RWMutex
	datasets map[manifest.ID]*embeddedChunks
}

type embeddedChunks struct {
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

// learn adds t, unless its slot is known: then it returns what is.
func (m *embedded) learn(t *trailer) *trailer {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.datasets[t.block.Dataset]
	if c == nil {
		c = &embeddedChunks{blocks: map[uint64]*trailer{}, chunks: map[manifest.Digest]embeddedPlace{}}
		m.datasets[t.block.Dataset] = c
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

// Learn verifies the block that was found at byte base of segment slot of
// dataset's log, and lets new files of that dataset, and of no other, share its
// chunks. It keeps no reference to block. Learning a slot again returns the
// same Block. ErrCorrupt: it is no block, or damaged.
func (e *Engine) Learn(dataset manifest.ID, slot uint64, base int64, block []byte) (*manifest.Block, error) {
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
		next := uint32(len(t.ends))
		if i+1 < len(t.frames) {
			next = t.frames[i+1].first
		}
		b.Frames = append(b.Frames, manifest.Frame{First: f.first, Count: next - f.first, Off: f.off, Stored: int64(f.stored), Plain: int64(f.plain)})
	}
	return e.embedded.learn(t).block, nil
}

// Forget drops what Learn taught of a dataset.
func (e *Engine) Forget(dataset manifest.ID) { e.embedded.forget(dataset) }

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
