package dedupe

import (
	"fmt"
	"math/bits"
)

// Limits of Scope.ChunkBytes, and its default.
const (
	MinChunkBytes     = 4 << 10
	MaxChunkBytes     = 256 << 10
	DefaultChunkBytes = 32 << 10
)

// normal is the level of normalisation: before the average length a cut needs
// that many bits more than the average asks for, and after it that many less,
// so that lengths gather around the average (FastCDC's own choice).
const normal = 2

// cutter finds where the chunks of one stream end: FastCDC with a Gear hash.
// A cut depends on the bytes since the last one and on nothing else.
type cutter struct {
	min, avg, max int
	hard, easy    uint64 // a cut is where the hash is below: up to avg, after avg

	h   uint64 // of the bytes scanned of the current chunk
	pos int    // how many were
}

// newCutter returns a cutter for chunks of avg bytes on average, a power of
// two, at least a quarter and at most four times that.
func newCutter(avg int) (*cutter, error) {
	if avg < MinChunkBytes || avg > MaxChunkBytes || avg&(avg-1) != 0 {
		return nil, fmt.Errorf("chunks of %d bytes: want a power of two from %d to %d", avg, MinChunkBytes, MaxChunkBytes)
	}
	log := bits.Len(uint(avg)) - 1
	return &cutter{
		min: avg / 4, avg: avg, max: avg * 4,
		hard: 1 << (64 - log - normal),
		easy: 1 << (64 - log + normal),
	}, nil
}

// cut returns the length of the chunk that data begins with, or 0 if it does
// not end within data. Then it wants the same bytes again, with more behind
// them; it does not look at them twice.
func (c *cutter) cut(data []byte) int {
	if c.pos == 0 {
		c.pos = c.min - gearWindow // the window is full where the first cut may be
	}
	for _, zone := range [...]struct {
		end   int
		limit uint64
	}{{c.min, 0}, {c.avg, c.hard}, {c.max, c.easy}} {
		end := min(zone.end, len(data))
		if c.pos >= end {
			continue
		}
		n, h := scan(data[c.pos:end], c.h, zone.limit)
		if n > 0 {
			return c.take(c.pos + n)
		}
		c.pos, c.h = end, h
	}
	if c.pos == c.max {
		return c.take(c.max)
	}
	return 0
}

// take ends the chunk at n bytes and starts the next.
func (c *cutter) take(n int) int {
	c.h, c.pos = 0, 0
	return n
}
