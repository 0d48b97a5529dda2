package dedupe

import (
	"sync/atomic"

	"aetherfs/internal/memory"
)

// Stats is what an engine did since it was opened.
type Stats struct {
	NewChunks    int64
	ReusedChunks int64
	NewBytes     int64 // plain, of new chunks
	ReusedBytes  int64
	Blocks       int64 // uploaded
	BlockBytes   int64 // of them
	FailedBlocks int64
	FrameHits    int64 // frames found in memory
	FrameMisses  int64 // frames fetched from the store
	Dropped      int64 // blocks that turned out to be missing or damaged
	Met          int64 // blocks told to Meet that were not known here
	MetFetched   int64 // of them, those whose chunks have been learned
	MetDropped   int64 // of them, those given up: too many, or not to be read
	Waiting      int64 // streams that have been read and wait for an upload, now

	Streams memory.Usage // of the memory of streams that are being stored
	Reads   memory.Usage // of the memory of what readers asked for
}

type counters struct {
	newChunks, reusedChunks, newBytes, reusedBytes atomic.Int64
	blocks, blockBytes, failedBlocks               atomic.Int64
	frameHits, frameMisses, dropped                atomic.Int64
	met, metFetched, metDropped                    atomic.Int64
}

// Stats returns the counts so far.
func (e *Engine) Stats() Stats {
	c, streams := &e.counts, e.work.Usage()
	streams.Waiting += e.long.Usage().Waiting
	return Stats{
		NewChunks: c.newChunks.Load(), ReusedChunks: c.reusedChunks.Load(),
		NewBytes: c.newBytes.Load(), ReusedBytes: c.reusedBytes.Load(),
		Blocks: c.blocks.Load(), BlockBytes: c.blockBytes.Load(), FailedBlocks: c.failedBlocks.Load(),
		FrameHits: c.frameHits.Load(), FrameMisses: c.frameMisses.Load(),
		Met: c.met.Load(), MetFetched: c.metFetched.Load(), MetDropped: c.metDropped.Load(),
		Dropped: c.dropped.Load(), Waiting: int64(e.waiting.Load()),
		Streams: streams, Reads: e.reads.Usage(),
	}
}

func (c *counters) stored(s *Stored) {
	c.newChunks.Add(s.NewChunks)
	c.reusedChunks.Add(s.ReusedChunks)
	c.newBytes.Add(s.NewBytes)
	c.reusedBytes.Add(s.ReusedBytes)
}

func (c *counters) frames(found []*frame) {
	for _, f := range found {
		if f != nil {
			c.frameHits.Add(1)
		} else {
			c.frameMisses.Add(1)
		}
	}
}
