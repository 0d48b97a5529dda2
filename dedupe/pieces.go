package dedupe

import (
	"bytes"
	"context"

	"aetherfs/internal/manifest"
)

// piece is consecutive chunks of a stream at one place, which is one of: a
// durable block, a block that is not yet durable, a draft.
type piece struct {
	t     *trailer
	open  *openBlock
	draft *draft

	first, count uint32
	bytes        int64
}

// place adds a chunk of n bytes, where p says, to the stream's pieces.
func (s *stream) place(p piece, n int64) {
	if len(s.pieces) > 0 {
		last := &s.pieces[len(s.pieces)-1]
		if last.t == p.t && last.open == p.open && last.draft == p.draft && last.first+last.count == p.first {
			last.count++
			last.bytes += n
			return
		}
	}
	p.count, p.bytes = 1, n
	s.pieces = append(s.pieces, p)
}

// settle turns the pieces at the front, as far as their blocks are durable,
// into extents, so that the memory of a stream is that of its recipe. It
// returns the error of a block that failed.
func (s *stream) settle() error {
	for len(s.pieces) > 1 { // the last may still grow
		ok, err := s.settleFirst()
		if err != nil || !ok {
			return err
		}
	}
	return nil
}

func (s *stream) settleFirst() (bool, error) {
	p := s.pieces[0]
	if p.draft != nil {
		if !p.draft.appended.Load() {
			return false, nil
		}
		p.open, p.first = p.draft.open, p.first+p.draft.base
	}
	if p.open != nil {
		select {
		case <-p.open.done:
		default:
			return false, nil
		}
		if p.open.err != nil {
			return false, p.open.err
		}
		p.t = p.open.trailer
		s.e.blocks.leave(s, p.open)
	}
	s.settled(p.t, p.first, p.count)
	s.pieces = s.pieces[1:]
	return true, nil
}

// extend appends x to the recipe, joined with the last extent where it
// continues it.
func (s *stream) extend(x manifest.Extent) {
	r := s.out.Recipe
	if len(r) == 0 {
		s.out.Recipe = manifest.Recipe{x}
		return
	}
	last := &r[len(r)-1]
	if !sameBlock(last.Block, x.Block) || last.First+last.Count != x.First {
		s.out.Recipe = append(r, x)
		return
	}
	last.Count += x.Count
	last.Len += x.Len
	last.Stored = x.Off + x.Stored - last.Off
}

func sameBlock(a, b *manifest.Block) bool {
	return a == b || a != nil && b != nil && a.Name == b.Name && a.Slot == b.Slot && a.Dataset == b.Dataset
}

// await waits until every block that the stream names is durable, and
// completes the recipe.
func (s *stream) await(ctx context.Context) error {
	blocks := s.waiting()
	for _, ob := range blocks {
		s.e.blocks.want(ob)
	}
	s.e.waiting.Add(1)
	defer s.e.waiting.Add(-1)
	for _, ob := range blocks {
		select {
		case <-ob.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if ob.err != nil {
			return ob.err
		}
	}
	return s.complete()
}

// complete turns the remaining pieces into extents. Their blocks are durable,
// but for a last draft, which is small and goes to the caller.
func (s *stream) complete() error {
	for len(s.pieces) > 0 {
		if p := s.pieces[0]; p.draft != nil && p.draft == s.draft {
			s.extend(manifest.Extent{First: p.first, Count: p.count, Len: p.bytes})
			s.pieces = s.pieces[1:]
			continue
		}
		if ok, err := s.settleFirst(); err != nil {
			return err
		} else if !ok {
			panic("dedupe: a stream waited for too little")
		}
	}
	if s.draft != nil {
		s.keepSmall(s.draft)
	}
	return nil
}

// keepSmall copies the chunks of d to the caller.
func (s *stream) keepSmall(d *draft) {
	all := bytes.Clone(d.buf.data[:d.n])
	for i, n := range d.lens {
		s.out.Small = append(s.out.Small, manifest.Chunk{
			Digest: manifest.Digest(d.digests[i*len(manifest.Digest{}):]),
			Data:   all[:n:n],
		})
		all = all[n:]
	}
}
