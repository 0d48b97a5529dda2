package dedupe

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
)

// Limits of the requests of one Move. A segment is as long as a request, unless
// a single transaction fills it, and on a distant store a request takes 50 ms.
const (
	moveReads     = 16      // at once
	moveReadBytes = 4 << 20 // of one, stored, if it is of more than one frame
)

// describe fetches the trailers of the extents, as far as they are not known.
func (m *mover) describe(ctx context.Context) error {
	var missing []*source
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(moveReads)
	for _, x := range m.extents {
		if m.moved.sources[x.Block.Name] != nil {
			continue
		}
		src := &source{}
		m.moved.sources[x.Block.Name] = src
		missing = append(missing, src)
		g.Go(func() (err error) {
			src.t, err = m.s.e.trailers.find(ctx, m.s.scope.Pool, x.Block)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, src := range missing {
		src.numbers = make([]uint32, len(src.t.ends))
	}
	return nil
}

// read fills the data of the window's chunks, several requests at once.
func (m *mover) read(ctx context.Context) error {
	wanted := map[*trailer][]*moving{}
	var order []*trailer
	for i := range m.window {
		c := &m.window[i]
		if c.data == nil {
			continue
		}
		if wanted[c.t] == nil {
			order = append(order, c.t)
		}
		wanted[c.t] = append(wanted[c.t], c)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(moveReads)
	for _, t := range order {
		chunks := wanted[t]
		slices.SortFunc(chunks, func(a, b *moving) int { return int(a.n) - int(b.n) })
		for _, part := range parts(t, chunks) {
			g.Go(func() error { return m.readPart(ctx, t, part) })
		}
	}
	return g.Wait()
}

// parts divides chunks of t, in ascending order, into those that one request
// brings: all of them where more than half of the bytes from the first to the
// last are wanted, else those of neighbouring frames.
func parts(t *trailer, chunks []*moving) [][]*moving {
	gaps := 2*wantedBytes(t, chunks) > t.storedBytes(chunks[0], chunks[len(chunks)-1])
	var out [][]*moving
	start := 0
	for i, c := range chunks {
		if i == 0 {
			continue
		}
		before, f := t.frameOf(int(chunks[i-1].n)), t.frameOf(int(c.n))
		near := gaps || f == before+1
		if f != before && (!near || t.storedBytes(chunks[start], c) > moveReadBytes) {
			out = append(out, chunks[start:i])
			start = i
		}
	}
	return append(out, chunks[start:])
}

// wantedBytes is the stored length of the frames that hold the chunks.
func wantedBytes(t *trailer, chunks []*moving) int64 {
	n, last := int64(0), -1
	for _, c := range chunks {
		if f := t.frameOf(int(c.n)); f != last {
			n += int64(t.frames[f].stored)
			last = f
		}
	}
	return n
}

// storedBytes is the stored length of all frames from a's to b's.
func (t *trailer) storedBytes(a, b *moving) int64 {
	return t.extent(a.n, b.n-a.n+1).Stored
}

// readPart reads and verifies the frames that hold the chunks of part, which
// are of t, with one request, and fills the chunks' data.
func (m *mover) readPart(ctx context.Context, t *trailer, part []*moving) error {
	e, pool := m.s.e, m.s.scope.Pool
	all := t.extent(part[0].n, part[len(part)-1].n-part[0].n+1)
	taken, err := m.reading.Take(ctx, all.Stored+int64(longest(t, part)))
	if err != nil {
		return err
	}
	defer m.reading.Give(taken)
	err = twice(ctx, func(ctx context.Context) error {
		data, err := readBlock(ctx, e.o, pool, t.block, all.Off, all.Stored)
		if err == nil {
			err = e.unpack(t, span{off: all.Off, data: data}, part)
		}
		return err
	})
	if err != nil {
		e.suspect(pool, t, err)
	}
	return err
}

// longest is the plain length of the longest frame that holds one of the chunks.
func longest(t *trailer, chunks []*moving) int {
	n := 0
	for _, c := range chunks {
		n = max(n, int(t.frames[t.frameOf(int(c.n))].plain))
	}
	return n
}

// unpack fills the chunks' data from frames of t, which are in have.
func (e *Engine) unpack(t *trailer, have span, chunks []*moving) error {
	plain := newBuffer(longest(t, chunks))
	defer plain.release()
	last := -1
	for _, c := range chunks {
		f := t.frameOf(int(c.n))
		info := &t.frames[f]
		if f != last {
			stored := have.slice(info.off, int64(info.stored))
			if err := e.coder.decode(plain.data[:info.plain], stored, t, f, e.o.Verify); err != nil {
				return err
			}
			last = f
		}
		copy(c.data, plain.data[t.chunkStart(int(c.n))-t.frameStart(f):])
	}
	return nil
}
