package dedupe

import (
	"context"
	"slices"

	"aetherfs/internal/manifest"
	"aetherfs/internal/store"

	"github.com/minio/crc64nvme"
)

// checkReadBytes bounds one request of Check, frames in whole.
const checkReadBytes = 4 << 20

// Check reads of b, a block of pool or embedded in a log, what proves that it
// is the one of that name, and compares the extents, which are of b, with it;
// with readData also every frame and every chunk. It uses no cache and fills
// none, and what it finds changes nothing else.
//
// Errors: ErrCorrupt, ErrUnavailable, that of ctx.
func (e *Engine) Check(ctx context.Context, pool string, b *manifest.Block, extents []manifest.Extent, readData bool) error {
	ctx = store.Fresh(ctx)
	c := checking{e: e, pool: pool, b: b}
	t, err := c.trailer(ctx)
	if err != nil {
		return err
	}
	if b.Embedded() && !slices.Equal(b.Frames, t.places()) {
		return corrupt(b.Name, "frames are not where the log says")
	}
	for _, x := range extents {
		if err := t.covers(x); err != nil {
			return err
		}
		if want := t.extent(x.First, x.Count); x.Off != want.Off || x.Stored != want.Stored {
			return corrupt(b.Name, "extent of %d chunks from %d: frames at %d, %d bytes, want %d, %d bytes",
				x.Count, x.First, x.Off, x.Stored, want.Off, want.Stored)
		}
	}
	if !readData {
		return nil
	}
	return c.frames(ctx, t)
}

// checking is a Check under way.
type checking struct {
	e    *Engine
	pool string
	b    *manifest.Block
}

// trailer reads and verifies the ends of the block and its length.
func (c *checking) trailer(ctx context.Context) (*trailer, error) {
	t, _, err := c.e.trailers.read(ctx, c.pool, c.b)
	if err != nil {
		return nil, err
	}
	return t, twice(ctx, c.header)
}

// header verifies the block's first bytes and the length of the object: exactly
// the block's, or, of a segment, enough for it.
func (c *checking) header(ctx context.Context) error {
	key, err := objectKey(c.e.o, c.pool, c.b)
	if err != nil {
		return err
	}
	data, info, err := c.e.o.Store.Get(ctx, key, store.Range{Off: c.b.Base, Len: headerBytes})
	if err != nil {
		return readError(key, err)
	}
	if len(data) != headerBytes {
		return corrupt(key, "%d bytes of a header", len(data))
	}
	if info.Size != c.b.Size && (!c.b.Embedded() || info.Size < c.b.Base+c.b.Size) {
		return corrupt(key, "%d bytes, want %d for the block at %d", info.Size, c.b.Size, c.b.Base)
	}
	return checkHeader(key, data)
}

// frames reads and verifies all frames.
func (c *checking) frames(ctx context.Context, t *trailer) error {
	plain := newBuffer(MaxFrameBytes)
	defer plain.release()
	for first := 0; first < len(t.frames); {
		off, end := t.frames[first].off, first
		for end < len(t.frames) && (end == first || t.frames[end].off+int64(t.frames[end].stored)-off <= checkReadBytes) {
			end++
		}
		if err := twice(ctx, func(ctx context.Context) error { return c.run(ctx, t, first, end, plain.data) }); err != nil {
			return err
		}
		first = end
	}
	return nil
}

// run reads and verifies frames first up to, not including, end with one request.
// plain has room for one.
func (c *checking) run(ctx context.Context, t *trailer, first, end int, plain []byte) error {
	off, last := t.frames[first].off, &t.frames[end-1]
	data, err := readBlock(ctx, c.e.o, c.pool, c.b, off, last.off+int64(last.stored)-off)
	if err != nil {
		return err
	}
	for i := first; i < end; i++ {
		f := &t.frames[i]
		stored := data[f.off-off:][:f.stored]
		if crc64nvme.Checksum(stored) != f.sum {
			return corrupt(c.b.Name, "frame %d does not match its CRC-64", i)
		}
		if err := c.e.coder.decode(plain[:f.plain], stored, t, i, ByDigest); err != nil {
			return err
		}
	}
	return nil
}
