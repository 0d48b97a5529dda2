package dedupe

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"aetherfs/internal/kv"
	"aetherfs/internal/manifest"
	"aetherfs/internal/memory"
	"aetherfs/internal/store"
)

// Defaults of Options and Scope.
const (
	DefaultBlockBytes  = 16 << 20
	DefaultUploadLimit = 8
	DefaultBlockMemory = 96 << 20
	DefaultCacheBytes  = 64 << 20
	DefaultWorkBytes   = 128 << 20
)

// Options of Open. Store is required; the zero value of the others works.
type Options struct {
	Store  store.Store
	KV     *kv.DB    // keeps index and trailers; nil: in memory
	Rand   io.Reader // of nonces; nil: crypto/rand
	Verify Verify    // how frames from Store are checked

	ChunkBytes  int   // average of a Scope that names none; 0: DefaultChunkBytes
	CacheBytes  int64 // of decoded frames in memory
	BlockMemory int64 // of blocks that are open or being uploaded, bytes
	WorkBytes   int64 // of buffers: half for streams that are being stored, half for readers
	UploadLimit int   // of blocks, at once

	// Segment is the object key of a segment, for the blocks embedded in it;
	// nil where there are none.
	Segment func(dataset manifest.ID, slot uint64) string
}

// Engine stores and reads streams. Its methods may be called concurrently.
type Engine struct {
	o        Options
	ownKV    *kv.DB         // to be closed
	coder    *coder         // of blocks
	packer   *coder         // of small data
	work     *memory.Budget // of streams that are being read and of Moves
	long     *memory.Budget // its part for those that are not short
	reads    *memory.Budget // of what was asked for by readers and not yet handed out
	pins     *memory.Budget // of frames that are being handed out
	resting  resting
	workers  chan struct{} // a token for each frame that is being compressed
	trailers *trailers
	index    *index
	embedded *embedded
	readings *readings
	blocks   *blocks
	frames   *frames
	counts   counters
	active   atomic.Int32 // streams being read
	waiting  atomic.Int32 // streams that have been read and wait for blocks

	downloads  atomic.Int32  // that read ahead
	prefetches chan struct{} // a token for each Prefetch
	meetings   *meetings

	life context.Context // ends with Close
	end  context.CancelFunc

	mu         sync.Mutex
	closed     bool
	streams    sync.WaitGroup // of Store and Move; Add under mu
	background sync.WaitGroup // of what nobody waits for but Close; Add under mu
}

// Open returns an engine on o.Store.
func Open(o Options) (*Engine, error) {
	if o.Store == nil {
		return nil, errors.New("dedupe: no store")
	}
	e := &Engine{o: o, embedded: newEmbedded(), readings: newReadings()}
	e.life, e.end = context.WithCancel(context.Background())
	if o.KV == nil {
		e.ownKV = kv.Memory()
		e.o.KV = e.ownKV
	}
	if o.Rand == nil {
		e.o.Rand = rand.Reader
	}
	setDefault(&e.o.ChunkBytes, DefaultChunkBytes)
	setDefault(&e.o.CacheBytes, DefaultCacheBytes)
	setDefault(&e.o.BlockMemory, DefaultBlockMemory)
	setDefault(&e.o.UploadLimit, DefaultUploadLimit)
	setDefault(&e.o.WorkBytes, DefaultWorkBytes)
	e.work = memory.NewBudget(e.o.WorkBytes / 2)
	e.long = e.work.Part(e.work.Limit() / 8 * 7)
	e.reads = memory.NewBudget(e.o.WorkBytes / 8 * 3)
	e.pins = memory.NewBudget(e.o.WorkBytes / 8)
	e.workers = make(chan struct{}, runtime.GOMAXPROCS(0))
	var err error
	if e.coder, err = newCoder(blockLevel, cap(e.workers)); err != nil {
		return nil, err
	}
	if e.packer, err = newCoder(packLevel, 1); err != nil {
		return nil, err
	}
	e.trailers = newTrailers(e.o, e.embedded, e.readings)
	e.index = newIndex(e.o.KV, e.trailers)
	e.blocks = newBlocks(e)
	e.frames = newFrames(e.o.CacheBytes)
	e.prefetches = make(chan struct{}, maxPrefetches)
	e.meetings = newMeetings(e)
	return e, nil
}

func setDefault[T int | int64](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Close waits for the streams that are being stored and for all uploads, and
// ends what is done in the background.
// Afterwards Store returns ErrClosed, and readers read nothing more from KV.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.end()
	e.background.Wait()
	e.streams.Wait()
	e.blocks.wait()
	e.frames.close()
	e.trailers.close()
	if e.ownKV != nil {
		return e.ownKV.Close()
	}
	return nil
}

// enter counts a stream; leave with e.streams.Done.
func (e *Engine) enter() error {
	if !e.count(&e.streams) {
		return ErrClosed
	}
	return nil
}

// begin counts something in the background, which ends with e.life; leave with
// e.background.Done. It reports false once the engine is closed.
func (e *Engine) begin() bool { return e.count(&e.background) }

func (e *Engine) count(wg *sync.WaitGroup) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		wg.Add(1)
	}
	return !e.closed
}

// Scope says where the chunks of a stream go and how it is cut.
type Scope struct {
	Pool       string      // the stream shares chunks with this pool; [a-z0-9-]
	Dataset    manifest.ID // whose open block its new chunks go to
	ChunkBytes int         // average, a power of two; 0: Options.ChunkBytes
	BlockBytes int64       // target, if two fit Options.BlockMemory; 0: DefaultBlockBytes
	Below      int64       // the stream is shorter, so that a small one takes little memory; 0: not known
	Stop       func()      // ends a Read of the stream that waits for a client, see Store; nil: it never waits for one
}

// normalise sets defaults and checks limits.
func (s *Scope) normalise(o *Options) error {
	setDefault(&s.ChunkBytes, o.ChunkBytes)
	setDefault(&s.BlockBytes, DefaultBlockBytes)
	if s.Pool == "" {
		return errors.New("scope without a pool")
	}
	if s.BlockBytes < MaxFrameBytes || s.BlockBytes > MaxBlockBytes {
		return fmt.Errorf("blocks of %d bytes: want %d to %d", s.BlockBytes, MaxFrameBytes, MaxBlockBytes)
	}
	s.BlockBytes = min(s.BlockBytes, max(o.BlockMemory/2, MaxFrameBytes)) // one is filled while another is uploaded
	return nil
}
