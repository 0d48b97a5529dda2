package upkeep

import (
	"context"
	"io"

	"aetherfs/catalog"
	"aetherfs/internal/manifest"
)

// usedBlock is a block with the files that need it.
type usedBlock struct {
	block *manifest.Block
	files []extentsOf
}

// extentsOf is the extents of a file that lie in one block.
type extentsOf struct {
	tag, path string
	extents   []manifest.Extent
}

// maxQueued bounds the extents for which blocks are checked together: about
// 100 MiB of memory.
const maxQueued = 500_000

// enqueue has the blocks checked that a recipe names: with others, once each for
// all their files.
func (c *checker) enqueue(ctx context.Context, d *catalog.Dataset, tag, path string, r manifest.Recipe) {
	if c.queue == nil {
		c.queue = map[manifest.Digest]*usedBlock{}
	}
	for len(r) > 0 {
		n := 1
		for n < len(r) && r[n].Block.Name == r[0].Block.Name {
			n++
		}
		b := c.queue[r[0].Block.Name]
		if b == nil {
			b = &usedBlock{block: r[0].Block}
			c.queue[r[0].Block.Name] = b
			c.order = append(c.order, b)
		}
		b.files = append(b.files, extentsOf{tag, path, r[:n]})
		c.queued += n
		r = r[n:]
	}
	if c.queued > maxQueued {
		c.checkQueue(ctx, d)
	}
}

// checkQueue checks the blocks that are queued, in the order of the files.
func (c *checker) checkQueue(ctx context.Context, d *catalog.Dataset) {
	for _, b := range c.order {
		if ctx.Err() != nil || c.again {
			break
		}
		var all []manifest.Extent
		for _, f := range b.files {
			all = append(all, f.extents...)
		}
		name := b.block.Name
		sound, met := c.read[name]
		if !met {
			c.done.Blocks++
		}
		err := c.o.Bytes.Check(ctx, d.Pool, b.block, all, c.o.ReadData && !sound)
		if err != nil {
			c.nameFiles(ctx, d, b, err)
		}
		c.read[name] = err == nil
	}
	c.queue, c.order, c.queued = nil, nil, 0
}

// nameFiles names the files that a damaged block makes unreadable.
func (c *checker) nameFiles(ctx context.Context, d *catalog.Dataset, b *usedBlock, damage error) {
	before := c.done.Problems
	for _, f := range b.files {
		err := c.o.Bytes.Check(ctx, d.Pool, b.block, f.extents, false)
		if err == nil && c.o.ReadData {
			err = c.readExtents(ctx, d, f)
		}
		if err != nil {
			c.found(ctx, d, Problem{Dataset: d.Name, Tag: f.tag, Path: f.path, Err: err})
		}
	}
	if c.done.Problems == before && !c.again { // a part of the block that no file needs
		c.found(ctx, d, Problem{Dataset: d.Name, Err: damage})
	}
}

// readExtents reads the bytes of a file that lie in one block.
func (c *checker) readExtents(ctx context.Context, d *catalog.Dataset, f extentsOf) error {
	r := manifest.Recipe(f.extents)
	data := c.o.Bytes.Open(ctx, d.Pool, r).Stream(0, r.Len())
	defer data.Close()
	buf := make([]byte, 256<<10)
	for {
		if _, err := data.Read(buf); err != nil {
			return notEOF(err)
		}
	}
}

func notEOF(err error) error {
	if err == io.EOF { //nolint:errorlint // readers return io.EOF bare
		return nil
	}
	return err
}
