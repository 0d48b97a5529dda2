package dedupe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"

	"aetherfs/internal/kv"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"

	"github.com/maypok86/otter/v2"
)

// trailerCacheBytes bounds the trailers in memory, as a quarter of
// Options.CacheBytes does: those of about 10 GiB of blocks with chunks of 32 KiB.
const trailerCacheBytes = 16 << 20

// trailers finds trailers: in memory, in the cache folder, in the store.
type trailers struct {
	o        Options
	embedded *embedded
	readings *readings
	memory   *otter.Cache[manifest.Digest, *trailer]
	disk     *kv.Space // block name → trailer

	mu        sync.Mutex
	dropped   map[manifest.Digest]struct{} // blocks found damaged or missing; guarded by mu
	confirmed map[manifest.Digest]struct{} // blocks seen in the store since the start; guarded by mu
}

// maxConfirmed bounds the blocks that need not be looked up again: those of 16
// TiB, which take about 50 MiB.
const maxConfirmed = 1 << 20

func newTrailers(o Options, m *embedded, rs *readings) *trailers {
	return &trailers{
		o:        o,
		embedded: m,
		readings: rs,
		memory: otter.Must(&otter.Options[manifest.Digest, *trailer]{
			MaximumWeight: uint64(min(trailerCacheBytes, max(o.CacheBytes/4, MaxFrameBytes))),
			Weigher:       func(_ manifest.Digest, t *trailer) uint32 { return t.weight() },
		}),
		disk:      o.KV.Space("trailers"),
		dropped:   map[manifest.Digest]struct{}{},
		confirmed: map[manifest.Digest]struct{}{},
	}
}

func (ts *trailers) close() { ts.memory.StopAllGoroutines() }

// find returns the trailer of b, a block of pool or embedded in a log.
func (ts *trailers) find(ctx context.Context, pool string, b *manifest.Block) (*trailer, error) {
	if t := ts.near(b); t != nil {
		return t, nil
	}
	mine, waited, err := ts.readings.begin(ctx, b.Name, b.Size-b.Trailer, b.Size)
	if err != nil {
		return nil, err
	}
	defer ts.readings.end(mine)
	if waited {
		if t := ts.near(b); t != nil {
			return t, nil
		}
	}
	t, raw, err := ts.read(ctx, pool, b)
	if err != nil {
		return nil, err
	}
	ts.add(t, raw)
	return t, nil
}

// confirm returns the trailer of b, a block of pool that a new file is to name.
// The first time since the start it is read from the store, whatever is cached:
// a store that was put back to an older copy, or lost a block, must not be
// believed to have what the cache remembers.
func (ts *trailers) confirm(ctx context.Context, pool string, b *manifest.Block) (*trailer, error) {
	if ts.wasSeen(b.Name) {
		return ts.find(ctx, pool, b)
	}
	t, _, err := ts.read(store.Fresh(ctx), pool, b)
	if err != nil {
		return nil, err
	}
	ts.remember(t)
	ts.seen(b.Name)
	return t, nil
}

// meet returns the trailer of b, a block of pool that somebody else stored, and
// keeps it where there is room for it, not in memory.
func (ts *trailers) meet(ctx context.Context, pool string, b *manifest.Block) (*trailer, error) {
	if t := ts.near(b); t != nil {
		return t, nil
	}
	t, raw, err := ts.read(store.Fresh(ctx), pool, b) // it counts as seen in the store
	if err != nil {
		return nil, err
	}
	ts.disk.Put(b.Name[:], raw)
	ts.seen(b.Name)
	return t, nil
}

// wasSeen reports whether the store is known to have the block.
func (ts *trailers) wasSeen(name manifest.Digest) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	_, ok := ts.confirmed[name]
	return ok
}

// seen notes that the store has the block.
func (ts *trailers) seen(name manifest.Digest) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if len(ts.confirmed) >= maxConfirmed {
		clear(ts.confirmed)
	}
	ts.confirmed[name] = struct{}{}
}

// near returns the trailer of b if it is on this machine, else nil.
func (ts *trailers) near(b *manifest.Block) *trailer {
	if b == nil {
		return nil
	}
	if b.Embedded() {
		if t := ts.embedded.trailer(b); t != nil {
			return t
		}
	}
	if t, ok := ts.memory.GetIfPresent(b.Name); ok {
		return t
	}
	if b.Embedded() {
		return nil
	}
	raw, ok := ts.disk.Get(b.Name[:])
	if !ok {
		return nil
	}
	t, err := parseTrailer(b, raw)
	if err != nil {
		return nil
	}
	ts.remember(t)
	return t
}

// add keeps t, whose bytes are raw; of an embedded block only in memory.
func (ts *trailers) add(t *trailer, raw []byte) {
	ts.remember(t)
	if !t.block.Embedded() {
		ts.disk.Put(t.block.Name[:], raw)
	}
}

func (ts *trailers) remember(t *trailer) {
	ts.mu.Lock()
	_, dropped := ts.dropped[t.block.Name]
	ts.mu.Unlock()
	t.dropped.Store(dropped)
	ts.memory.Set(t.block.Name, t)
}

// drop makes sure that no new file names t's block, and reports whether that
// is new. No list is kept of embedded blocks: only what was learned of them is
// offered.
func (ts *trailers) drop(t *trailer) bool {
	if t.block.Embedded() {
		if learned := ts.embedded.trailer(t.block); learned != nil {
			t = learned
		}
		return !t.dropped.Swap(true)
	}
	name := t.block.Name
	ts.mu.Lock()
	_, before := ts.dropped[name]
	ts.dropped[name] = struct{}{}
	ts.mu.Unlock()
	t.dropped.Store(true)
	if known := ts.near(t.block); known != nil {
		known.dropped.Store(true)
	}
	ts.disk.Delete(name[:])
	return !before
}

// read reads the trailer of b from the store and verifies it.
func (ts *trailers) read(ctx context.Context, pool string, b *manifest.Block) (t *trailer, raw []byte, err error) {
	err = twice(ctx, func(ctx context.Context) error {
		if raw, err = ts.fetch(ctx, pool, b); err == nil {
			t, err = parseTrailer(b, raw)
		}
		return err
	})
	return t, raw, err
}

// fetch reads the trailer of b from the store. It is not yet verified.
func (ts *trailers) fetch(ctx context.Context, pool string, b *manifest.Block) ([]byte, error) {
	if b.Trailer <= 0 || b.Trailer > maxTrailerBytes || b.Trailer > b.Size-footerBytes-headerBytes {
		return nil, corrupt(b.Name, "trailer of %d bytes in a block of %d", b.Trailer, b.Size)
	}
	n := b.Trailer + footerBytes
	tail, err := readBlock(ctx, ts.o, pool, b, b.Size-n, n)
	if err != nil {
		return nil, err
	}
	raw, footer := tail[:b.Trailer], tail[b.Trailer:]
	if err := checkHeader(b.Name, footer[4:]); err != nil {
		return nil, err
	}
	if got := binary.BigEndian.Uint32(footer); int64(got) != b.Trailer {
		return nil, corrupt(b.Name, "trailer of %d bytes, want %d", got, b.Trailer)
	}
	return raw, nil
}

// readBlock reads n bytes from off of a block.
func readBlock(ctx context.Context, o Options, pool string, b *manifest.Block, off, n int64) ([]byte, error) {
	data := make([]byte, n)
	return data, readInto(ctx, o, pool, b, off, store.Pieces{data})
}

// readInto fills memory with the bytes from off on of a block.
func readInto(ctx context.Context, o Options, pool string, b *manifest.Block, off int64, into store.Pieces) error {
	key, err := objectKey(o, pool, b)
	if err != nil {
		return err
	}
	_, _, err = o.Store.Get(ctx, key, store.Range{Off: b.Base + off, Len: into.Len(), Into: into})
	if err != nil {
		return readError(key, err)
	}
	return nil
}

// objectKey names the object that holds b.
func objectKey(o Options, pool string, b *manifest.Block) (string, error) {
	if !b.Embedded() {
		return blockKey(pool, b.Name), nil
	}
	if o.Segment == nil {
		return "", errors.New("embedded block, but Options.Segment is not set")
	}
	return o.Segment(b.Dataset, b.Slot), nil
}

func blockKey(pool string, name manifest.Digest) string {
	return fmt.Sprintf("pools/%s/blocks/%x/%x", pool, name[:1], name[1:])
}

// IsBlock reports whether key is the name of a block, an object that never
// changes and whose bytes are verified by whoever reads them.
func IsBlock(key string) bool {
	parts := strings.Split(key, "/")
	return len(parts) == 5 && parts[0] == "pools" && parts[2] == "blocks"
}
