package dedupe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"aetherfs/internal/manifest"
	"aetherfs/internal/sabotage"
	"aetherfs/internal/store"
)

// maxChunks bounds the trailer of an open block: 65,536 chunks take 2.3 MiB.
const maxChunks = 64 << 10

// How often the same bytes are sent when an outcome is unknown or the store is
// busy, and the wait after the first time, doubled after each: about 3 seconds,
// so that a burst of refusals passes.
const (
	settleTries = 6
	settleWait  = 100 * time.Millisecond
)

// openBlock is a block until it is durable. Its fields are guarded by
// blocks.mu until it is sealed, but for the frames' bytes.
type openBlock struct {
	lane    lane
	number  uint64 // in the order in which blocks were opened
	memory  int64  // bytes that it may take in all
	buf     *buffer
	end     int // bytes of buf that are in use or reserved
	c       contents
	streams int  // that have, or name, chunks in it
	wanted  bool // a stream waits for it
	partial bool // sealed before it was full, because a stream waited

	copying sync.WaitGroup // frames that are being copied to their place

	// Set before done is closed.
	done    chan struct{}
	trailer *trailer
	err     error
}

// newOpenBlock returns one for s that run fits in, whatever the target.
func newOpenBlock(s *stream, run []*draft) *openBlock {
	ob := &openBlock{lane: s.lane, end: headerBytes, done: make(chan struct{})}
	ob.memory = max(s.scope.BlockBytes, int64(ob.need(run)))
	return ob
}

func (ob *openBlock) alloc() {
	ob.buf = newBuffer(int(ob.memory))
	copy(ob.buf.data, header[:])
}

// need is the length, at most, of ob with run in it.
func (ob *openBlock) need(run []*draft) int {
	n, chunks := ob.end, len(ob.c.ends)
	for _, d := range run {
		n += len(d.stored)
		chunks += len(d.lens)
	}
	return n + maxTrailer(len(ob.c.frames)+len(run), chunks)
}

func (ob *openBlock) fits(run []*draft) bool {
	return int64(ob.need(run)) <= ob.memory && len(ob.c.ends) < maxChunks
}

// reserve gives run its place and returns where it begins. The caller copies
// the frames there and then calls ob.copying.Done.
func (ob *openBlock) reserve(run []*draft) int {
	off := ob.end
	for _, d := range run {
		d.open, d.base = ob, uint32(len(ob.c.ends))
		ob.c.add(d)
		ob.end += len(d.stored)
	}
	ob.copying.Add(1)
	return off
}

// dropped reports whether ob was stored and has been found damaged since.
func (ob *openBlock) dropped() bool {
	select {
	case <-ob.done:
		return ob.trailer != nil && ob.trailer.dropped.Load()
	default:
		return false
	}
}

// upload stores a sealed block and tells the index. It sets trailer or err.
func (ob *openBlock) upload(e *Engine) {
	ob.copying.Wait()
	ob.trailer, ob.err = ob.store(e)
	if ob.err != nil {
		e.counts.failedBlocks.Add(1)
		return
	}
	e.counts.blocks.Add(1)
	e.counts.blockBytes.Add(ob.trailer.block.Size)
	e.index.learn(ob.lane.pool, ob.trailer)
}

func (ob *openBlock) store(e *Engine) (*trailer, error) {
	var nonce [nonceBytes]byte
	if _, err := io.ReadFull(e.o.Rand, nonce[:]); err != nil {
		return nil, fmt.Errorf("nonce of a block: %w", err)
	}
	body, name, n := ob.c.appendTrailer(ob.buf.data[:ob.end], nonce)
	// Uploads run on a context of their own: one client that goes away does
	// not end the block of the others.
	if err := putBlock(context.Background(), e.o.Store, blockKey(ob.lane.pool, name), body); err != nil {
		return nil, err
	}
	t := &trailer{
		contents: ob.c,
		block:    &manifest.Block{Name: name, Size: int64(len(body)), Trailer: int64(n)},
	}
	e.trailers.seen(name)
	e.trailers.add(t, append([]byte(nil), body[ob.end:ob.end+n]...))
	return t, nil
}

// putBlock stores body under a name that nobody else uses. After an unknown
// outcome the same bytes are sent again, which either stores them or finds
// them there; only then reading them back proves that they are durable.
func putBlock(ctx context.Context, s store.Store, key string, body []byte) error {
	var err error
	for try := range settleTries {
		if try > 0 {
			time.Sleep(settleWait << (try - 1))
		}
		_, err = s.Put(ctx, key, body, store.Cond{IfAbsent: true})
		if errors.Is(err, store.ErrExists) {
			err = sameObject(ctx, s, key, body)
		}
		if err == nil || sabotage.On(sabotage.BlocksNotAwaited) {
			return nil
		}
		if store.Refused(err) {
			break
		}
	}
	return fmt.Errorf("put %s: %w: %w", key, ErrUnavailable, err)
}

// sameObject returns nil if the object of that name holds body.
func sameObject(ctx context.Context, s store.Store, key string, body []byte) error {
	got, _, err := s.Get(ctx, key, store.Range{})
	if err != nil {
		return err
	}
	if string(got) != string(body) {
		return corrupt(key, "an object of that name holds other bytes")
	}
	return nil
}
