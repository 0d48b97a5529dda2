package dedupe

import (
	"sync/atomic"

	"aetherfs/internal/manifest"

	"github.com/maypok86/otter/v2"
)

// frame is a decoded, verified frame. Its memory is pooled, so whoever uses it
// holds it.
type frame struct {
	buf  *buffer
	refs atomic.Int32 // 0: the memory is somebody else's
}

func newFrame(n int) *frame { return frameIn(newBuffer(n)) }

// frameIn returns a frame of which the bytes are in b, which it takes over.
func frameIn(b *buffer) *frame {
	f := &frame{buf: b}
	f.refs.Store(1)
	return f
}

func (f *frame) data() []byte { return f.buf.data }

// hold keeps the memory until one more release; false if it has gone.
func (f *frame) hold() bool {
	for {
		n := f.refs.Load()
		if n == 0 {
			return false
		}
		if f.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (f *frame) release() {
	if f.refs.Add(-1) == 0 {
		f.buf.release()
	}
}

// frameKey names a frame of whichever pool or log: names of blocks are unique.
type frameKey struct {
	block manifest.Digest
	n     int
}

// frames keeps decoded frames in memory, shared by all readers. Its policy
// weighs recency and frequency, so that one long read does not empty it.
type frames struct {
	cache *otter.Cache[frameKey, *frame]
}

func newFrames(limit int64) *frames {
	return &frames{otter.Must(&otter.Options[frameKey, *frame]{
		MaximumWeight:    uint64(limit),
		Weigher:          func(_ frameKey, f *frame) uint32 { return uint32(cap(f.buf.data)) },
		OnAtomicDeletion: func(e otter.DeletionEvent[frameKey, *frame]) { e.Value.release() },
	})}
}

func (fs *frames) close() {
	fs.cache.InvalidateAll()
	fs.cache.StopAllGoroutines()
}

// find returns a frame that the caller releases, or nil.
func (fs *frames) find(k frameKey) *frame {
	if f, ok := fs.cache.GetIfPresent(k); ok && f.hold() {
		return f
	}
	return nil
}

// add keeps f, which the caller goes on holding.
func (fs *frames) add(k frameKey, f *frame) {
	f.refs.Add(1)
	fs.cache.Set(k, f)
}
