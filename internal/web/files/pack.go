package files

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/semaphore"

	"aetherfs/backend"
)

// What is compressed: below it is not worth the headers, beyond it an answer
// would wait for too long, and take too much memory.
const (
	minPacked = 1 << 10 // bytes
	maxPacked = 8 << 20 // bytes
)

// maxPacking bounds how many files are compressed at a time, each of which takes
// up to maxPacked and the window of its coder.
const maxPacking = 4

// windowBytes is within what RFC 9659 lets a browser refuse, 8 MiB, and bounds
// the memory of a coder.
const windowBytes = 1 << 20

// packer compresses files, and keeps what it made.
type packer struct {
	kept *otter.Cache[packed, []byte] // nil: nothing is compressed
	busy chan struct{}                // has a value for each file being compressed
	room *semaphore.Weighted          // bytes; see request.coding
}

// packed names a version of a file in a coding.
type packed struct{ id, coding string }

// keptOverhead is what the cache takes for an entry beside its bytes, about.
const keptOverhead = 256

func newPacker(limit int64) *packer {
	if limit <= 0 {
		return &packer{}
	}
	return &packer{
		busy: make(chan struct{}, maxPacking),
		room: semaphore.NewWeighted(max(limit, maxPacked)),
		kept: otter.Must(&otter.Options[packed, []byte]{
			MaximumWeight: uint64(limit),
			Weigher:       func(_ packed, data []byte) uint32 { return uint32(len(data)) + keptOverhead },
		}),
	}
}

func (p *packer) close() {
	if p.kept != nil {
		p.kept.StopAllGoroutines()
	}
}

// takes reports whether a file of size bytes may be compressed.
func (p *packer) takes(size int64) bool {
	return p.kept != nil && size >= minPacked && size <= maxPacked
}

// coding decides how a file of size bytes is compressed, "" for not at all.
// Clients hold what they are slow to take, whatever the cache drops: as many
// bytes of files as the cache has. Where there is no room, nothing waits for it.
func (q *request) coding(size int64) string {
	coding := pickCoding(q.r.Header)
	if coding == "" || q.r.Method == http.MethodHead {
		return coding
	}
	if !q.h.packs.room.TryAcquire(size) {
		return ""
	}
	q.held = size
	return coding
}

// release gives back what coding took, once the answer was sent.
func (q *request) release() {
	if q.held > 0 {
		q.h.packs.room.Release(q.held)
	}
}

// have returns the file in a coding if it is at hand.
func (p *packer) have(f *backend.File, coding string) ([]byte, bool) {
	return p.kept.GetIfPresent(packed{f.Info.ID, coding})
}

// pack returns the file in a coding. Those who ask for one at the same time
// share the work, and when it ends with the context of the one who does it,
// another does. An error is as that of reading the file.
func (p *packer) pack(ctx context.Context, f *backend.File, coding string) ([]byte, error) {
	return p.kept.Get(ctx, packed{f.Info.ID, coding}, otter.LoaderFunc[packed, []byte](func(ctx context.Context, _ packed) ([]byte, error) {
		select {
		case p.busy <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		defer func() { <-p.busy }()
		return encode(f, coding)
	}))
}

func encode(f *backend.File, coding string) ([]byte, error) {
	var out bytes.Buffer
	coder, err := newCoder(&out, coding)
	if err != nil {
		return nil, err
	}
	body := f.Stream(0, f.Info.Size)
	defer body.Close()
	if n, err := io.Copy(coder, body); err != nil || n != f.Info.Size {
		coder.Close() // it has goroutines, perhaps; what it says does not matter
		return nil, short(orEnd(err))
	}
	if err := coder.Close(); err != nil {
		return nil, fmt.Errorf("compress %s: %w", f.Info.Path, err)
	}
	return bytes.Clone(out.Bytes()), nil // without the room to grow
}

func orEnd(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

func newCoder(w io.Writer, coding string) (io.WriteCloser, error) {
	if coding == codingZstd {
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(windowBytes))
	}
	return gzip.NewWriter(w), nil
}
