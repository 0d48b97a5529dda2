package dedupe

import (
	"context"
	"iter"
	"sync"

	"aetherfs/internal/manifest"
	"aetherfs/internal/memory"
)

const (
	// mostWindow is the memory, at most, for the plain bytes of chunks that are
	// read together, moveChunks their number.
	mostWindow = 16 << 20
	moveChunks = 16 << 10
	// moveExtents bounds the extents whose trailers are fetched together.
	moveExtents = 4 << 10
)

// Move stores the chunks that the recipes name in embedded blocks, each once
// and in the order in which they come, in blocks of scope's pool, and names
// instead those that the index has in that pool. The blocks are durable when it
// returns. Chunks of which no byte is named stay behind. It holds about 150
// bytes a chunk, of which Moved keeps 80.
//
// Errors: ErrCorrupt, ErrUnavailable, that of ctx, ErrClosed. Then nothing was
// moved.
func (e *Engine) Move(ctx context.Context, scope Scope, recipes iter.Seq[manifest.Recipe]) (*Moved, error) {
	if err := e.enter(); err != nil {
		return nil, err
	}
	defer e.streams.Done()
	s, err := newStream(e, scope)
	if err != nil {
		return nil, err
	}
	defer s.close()
	m := &mover{s: s, moved: newMoved(), known: map[manifest.Digest]uint32{}}
	work, err := e.long.Take(ctx, m.plan(e.long.Limit()))
	if err != nil {
		return nil, err
	}
	defer e.long.Give(work)
	s.lane.mover, s.settled = m, m.moved.add
	if err := m.run(ctx, recipes); err != nil {
		return nil, err
	}
	if err := s.await(ctx); err != nil {
		return nil, err
	}
	e.o.KV.Sync() // from here on the index finds the chunks
	return m.moved, nil
}

// mover is a Move under way. The chunks that it meets for the first time are
// numbered; they wait in a window until their bytes are read together, and go
// into its stream in that order.
type mover struct {
	s     *stream
	moved *Moved
	known map[manifest.Digest]uint32 // chunks, by number + 1

	extents []manifest.Extent // whose trailers are not yet at hand
	window  []moving
	bytes   int64 // plain, that are to be read for window
	room    int64 // for them

	reading *memory.Budget // of what is read for the window
}

// plan decides how much m may hold, where streams have limit bytes, and returns
// what it takes in all: about half of them, so that clients are not kept waiting
// for the end of a Move.
func (m *mover) plan(limit int64) int64 {
	m.room = min(mostWindow, max(limit/8, MaxFrameBytes))
	m.reading = memory.NewBudget(min(moveReads*moveReadBytes, max(limit/4, moveReadBytes)))
	return m.s.leastWork() + m.s.moreWork() + m.room + m.reading.Limit()
}

// moving is a chunk of the window: one that the index has, in t, or one to be
// read from an embedded block.
type moving struct {
	digest manifest.Digest
	t      *trailer
	n      uint32
	plain  int64 // bytes
	data   []byte
}

// run takes all recipes.
func (m *mover) run(parent context.Context, recipes iter.Seq[manifest.Recipe]) error {
	ctx, fail := context.WithCancelCause(parent)
	defer fail(nil)
	m.s.e.active.Add(1)
	defer m.s.e.active.Add(-1)
	p := newPacking(m.s, mostDrafts, fail)
	m.s.hand = p.hand
	var packer sync.WaitGroup
	packer.Go(func() { p.run(ctx) })
	err := m.takeAll(ctx, recipes)
	close(p.jobs)
	packer.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (m *mover) takeAll(ctx context.Context, recipes iter.Seq[manifest.Recipe]) error {
	for r := range recipes {
		for _, x := range r {
			if x.Block == nil {
				return errNoBlock
			}
			if x.Block.Embedded() {
				m.extents = append(m.extents, x)
			}
		}
		if len(m.extents) >= moveExtents {
			if err := m.take(ctx); err != nil {
				return err
			}
		}
	}
	if err := m.take(ctx); err != nil {
		return err
	}
	if err := m.flush(ctx); err != nil {
		return err
	}
	if m.s.draft == nil {
		return nil
	}
	return m.s.handOn(ctx)
}

// take puts the chunks of the extents into the window.
func (m *mover) take(ctx context.Context) error {
	if err := m.describe(ctx); err != nil {
		return err
	}
	for _, x := range m.extents {
		if err := m.extent(ctx, x); err != nil {
			return err
		}
	}
	clear(m.extents)
	m.extents = m.extents[:0]
	return nil
}

// extent puts those chunks of x into the window that are new and of which x
// names bytes.
func (m *mover) extent(ctx context.Context, x manifest.Extent) error {
	src := m.moved.sources[x.Block.Name]
	first, last, err := src.chunks(x)
	if err != nil {
		return err
	}
	for n := first; n <= last; n++ {
		digest := src.t.digest(n)
		number, ok := m.known[digest]
		if !ok {
			number = uint32(len(m.known) + 1)
			m.known[digest] = number
			if err := m.chunk(ctx, digest, src.t, n); err != nil {
				return err
			}
		}
		src.numbers[n] = number
	}
	return nil
}

// chunk puts chunk n of t, an embedded block, into the window.
func (m *mover) chunk(ctx context.Context, digest manifest.Digest, t *trailer, n int) error {
	size := t.ends[n] - t.chunkStart(n)
	if m.bytes+size > m.room || len(m.window) == moveChunks {
		if err := m.flush(ctx); err != nil {
			return err
		}
	}
	c := moving{digest: digest, t: t, n: uint32(n), plain: size}
	if t, n := m.s.e.index.find(ctx, m.s.scope.Pool, digest); t != nil {
		c.t, c.n = t, n
	} else {
		m.bytes += size
	}
	m.window = append(m.window, c)
	return nil
}

// flush reads the window and gives it to the stream.
func (m *mover) flush(ctx context.Context) error {
	buf := newBuffer(int(m.bytes))
	defer buf.release()
	at := int64(0)
	for i := range m.window {
		if c := &m.window[i]; c.t.block.Embedded() {
			c.data = buf.data[at:][:c.plain]
			at += c.plain
		}
	}
	if err := m.read(ctx); err != nil {
		return err
	}
	for _, c := range m.window {
		if c.data == nil {
			m.s.place(m.s.hit(c.t, c.n), c.plain)
		} else if err := m.s.add(ctx, c.digest, c.data); err != nil {
			return err
		}
	}
	clear(m.window)
	m.window, m.bytes = m.window[:0], 0
	return m.s.settle()
}
