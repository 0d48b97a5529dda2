package dedupe

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"aetherfs/internal/manifest"
)

// A block's life. Whoever finds a block full seals it; a stream that has ended
// and waits for a block that is not full asks for it to be sealed, which
// happens at once, or when the partial block that its lane is uploading is done,
// so that what arrives meanwhile shares one upload.
//
//	open ──full, wanted, memory short──▶ sealed ──stored──▶ durable
//	  │                                    └──────error───▶ failed
//	  └──all its streams have failed──▶ gone

// lane is where a stream's new chunks go: datasets do not share blocks, and a
// Move has its own.
type lane struct {
	pool    string
	dataset manifest.ID
	mover   *mover // nil: of a client
}

// blocks owns the blocks that are not yet durable.
type blocks struct {
	e       *Engine
	uploads chan struct{}  // a token for each upload
	wg      sync.WaitGroup // of uploads

	mu      sync.Mutex
	open    map[lane]*openBlock
	partial map[lane]bool // a block that was not full is being uploaded
	pending map[string]map[manifest.Digest]pendingPlace
	free    int64         // bytes of Options.BlockMemory
	opened  uint64        // blocks ever
	sealed  int           // blocks that are sealed and not done
	freed   chan struct{} // closed when free grows
}

// pendingPlace is a chunk in a block that is not yet durable.
type pendingPlace struct {
	block *openBlock
	n     uint32
}

func newBlocks(e *Engine) *blocks {
	return &blocks{
		e:       e,
		uploads: make(chan struct{}, e.o.UploadLimit),
		open:    map[lane]*openBlock{},
		partial: map[lane]bool{},
		pending: map[string]map[manifest.Digest]pendingPlace{},
		free:    e.o.BlockMemory,
		freed:   make(chan struct{}),
	}
}

func (b *blocks) wait() { b.wg.Wait() }

// append adds packed frames to the open block of l, one behind the other, and
// to those that s waits for. It waits for memory.
func (b *blocks) append(ctx context.Context, s *stream, run []*draft) error {
	b.mu.Lock()
	ob, err := b.room(ctx, s, run)
	if err != nil {
		b.mu.Unlock()
		return err
	}
	off := ob.reserve(run)
	if ob.lane.mover == nil { // a client that waited for a mover's block would cut it short
		for _, d := range run {
			b.publish(ob, d)
		}
	}
	s.use(ob)
	b.mu.Unlock()

	for _, d := range run {
		off += copy(ob.buf.data[off:], d.stored)
		d.appended.Store(true)
	}
	ob.copying.Done()
	return nil
}

// room returns an open block that run fits in. b.mu is held, and let go while
// waiting for memory.
func (b *blocks) room(ctx context.Context, s *stream, run []*draft) (*openBlock, error) {
	for {
		ob := b.open[s.lane]
		if ob != nil && ob.fits(run) {
			return ob, nil
		}
		if ob != nil {
			b.seal(ob)
		}
		if ob = newOpenBlock(s, run); b.take(ob.memory) {
			b.opened++
			ob.number = b.opened
			ob.alloc()
			b.open[s.lane] = ob
			return ob, nil
		}
		b.relieve()
		freed := b.freed
		b.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
		}
		b.mu.Lock()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// take takes n bytes of block memory; a block larger than all of it may be
// alone.
func (b *blocks) take(n int64) bool {
	if n > b.free && b.free < b.e.o.BlockMemory {
		return false
	}
	b.free -= n
	return true
}

// give takes the memory of ob back. b.mu is held.
func (b *blocks) give(ob *openBlock) {
	ob.buf.release()
	ob.buf = nil
	b.free += ob.memory
	close(b.freed)
	b.freed = make(chan struct{})
}

// relieve seals the fullest open block, unless memory is on its way back.
func (b *blocks) relieve() {
	if b.sealed > 0 {
		return
	}
	var most *openBlock
	for _, ob := range b.open {
		if most == nil || ob.end > most.end || ob.end == most.end && ob.number < most.number {
			most = ob
		}
	}
	if most != nil {
		b.seal(most)
	}
}

// publish lets other streams of the pool find the chunks of d in ob.
func (b *blocks) publish(ob *openBlock, d *draft) {
	m := b.pending[ob.lane.pool]
	if m == nil {
		m = map[manifest.Digest]pendingPlace{}
		b.pending[ob.lane.pool] = m
	}
	for i := range d.lens {
		n := d.base + uint32(i)
		m[ob.c.digest(int(n))] = pendingPlace{ob, n}
	}
}

// find returns the block, not yet durable, that holds the chunk. The stream
// waits for that block too.
func (b *blocks) find(s *stream, d manifest.Digest) (*openBlock, uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.pending[s.lane.pool][d]
	if p.block == nil || p.block.dropped() {
		return nil, 0
	}
	s.use(p.block)
	return p.block, p.n
}

// want asks for ob to be made durable soon.
func (b *blocks) want(ob *openBlock) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open[ob.lane] != ob {
		return
	}
	if b.partial[ob.lane] {
		ob.wanted = true
		return
	}
	b.sealPartial(ob)
}

func (b *blocks) sealPartial(ob *openBlock) {
	b.partial[ob.lane] = true
	ob.partial = true
	b.seal(ob)
}

// seal closes ob and starts its upload. b.mu is held.
func (b *blocks) seal(ob *openBlock) {
	delete(b.open, ob.lane)
	b.sealed++
	b.wg.Add(1)
	go func() {
		defer b.wg.Done()
		b.uploads <- struct{}{}
		ob.upload(b.e)
		<-b.uploads
		b.finish(ob)
		b.e.o.KV.Sync() // from here on the index finds the chunks
		b.mu.Lock()
		b.retract(ob)
		b.mu.Unlock()
	}()
}

// finish ends the wait for ob after its upload.
func (b *blocks) finish(ob *openBlock) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ob.err != nil {
		b.retract(ob)
	}
	b.sealed--
	b.give(ob)
	if ob.partial {
		delete(b.partial, ob.lane)
		if next := b.open[ob.lane]; next != nil && next.wanted {
			b.sealPartial(next)
		}
	}
	close(ob.done)
}

// retract lets nobody find chunks in ob here any more. b.mu is held.
func (b *blocks) retract(ob *openBlock) {
	m := b.pending[ob.lane.pool]
	for i := range ob.c.ends {
		if d := ob.c.digest(i); m[d].block == ob {
			delete(m, d)
		}
	}
}

// waiting returns the blocks that s waits for, in the order in which they were
// opened.
func (s *stream) waiting() []*openBlock {
	s.e.blocks.mu.Lock()
	defer s.e.blocks.mu.Unlock()
	return slices.SortedFunc(maps.Keys(s.blocks), func(a, b *openBlock) int { return cmp.Compare(a.number, b.number) })
}

// leave ends the interest of s in ob. An open block that interests nobody is
// dropped.
func (b *blocks) leave(s *stream, ob *openBlock) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := s.blocks[ob]; !ok {
		return
	}
	delete(s.blocks, ob)
	ob.streams--
	if ob.streams == 0 && b.open[ob.lane] == ob {
		delete(b.open, ob.lane)
		b.give(ob)
		b.retract(ob)
	}
}
