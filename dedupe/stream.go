package dedupe

import (
	"context"
	"io"

	"aetherfs/internal/lanes"
	"aetherfs/internal/manifest"
)

// smallBytes is how much new data of a stream is handed to the caller, to be
// embedded in the log, rather than stored in a block (docs/design/0001).
const smallBytes = 128 << 10

// stream is one stream on its way into the store: its bytes are cut into
// chunks; chunks that are stored already become pieces, and new ones are
// gathered in drafts that are handed on. One goroutine at a time uses it, but
// for blocks, and for what cuts it, which is the reader's.
type stream struct {
	e     *Engine
	scope Scope
	lane  lane

	cut  *cutter
	prev *input // whose last bytes are tail
	tail []byte // of a chunk that has not ended

	sums   []lanes.Sum256 // of the chunks that are being taken
	draft  *draft         // being filled, or nil
	drafts []*draft       // handed on and, as far as is known, not yet in a block
	hand   func(ctx context.Context, d *draft) error
	next   piece // the chunk that would continue the last hit, if next.t is set

	pieces  []piece                               // whose place is not yet certain, in order
	settled func(t *trailer, first, count uint32) // takes a piece whose place is
	out     Stored

	blocks map[*openBlock]struct{} // that it waits for; guarded by e.blocks.mu
}

func newStream(e *Engine, s Scope) (*stream, error) {
	if err := s.normalise(&e.o); err != nil {
		return nil, err
	}
	cut, err := newCutter(s.ChunkBytes)
	if err != nil {
		return nil, err
	}
	out := &stream{
		e: e, scope: s, lane: lane{pool: s.Pool, dataset: s.Dataset}, cut: cut,
		blocks: map[*openBlock]struct{}{},
	}
	out.settled = func(t *trailer, first, count uint32) { out.extend(t.extent(first, count)) }
	return out, nil
}

// cutUp finds the chunks that end in in, the next stretch of the stream, or its
// last one if ended.
func (s *stream) cutUp(in *input, ended bool) {
	data := in.behind(s.tail)
	s.letGo()
	for n := s.cut.cut(data); n > 0; n = s.cut.cut(data) {
		in.parts = append(in.parts, data[:n])
		data = data[n:]
	}
	switch {
	case !ended:
		in.users.Add(1)
		s.prev, s.tail = in, data
	case len(data) > 0:
		in.parts = append(in.parts, data)
	}
}

// hash writes in to each of also and computes the digests of its chunks, s.sums,
// beside the first Pair among also if there is one.
func (s *stream) hash(in *input, also []io.Writer) error {
	hashed := false
	for _, w := range also {
		if pair, ok := w.(*lanes.Pair); ok && !hashed {
			s.sums, hashed = pair.WriteBeside(in.bytes(), s.sums[:0], in.parts...), true
		} else if _, err := w.Write(in.bytes()); err != nil {
			return err
		}
	}
	if !hashed {
		s.sums = lanes.AppendSHA256(s.sums[:0], in.parts...)
	}
	return nil
}

// take takes the chunks whose digests are s.sums.
func (s *stream) take(ctx context.Context, parts [][]byte) error {
	for i, part := range parts {
		if err := s.chunk(ctx, manifest.Digest(s.sums[i]), part); err != nil {
			return err
		}
	}
	return s.settle()
}

// end hands on the last draft, but for new data that is small, which stays.
func (s *stream) end(ctx context.Context) error {
	if s.draft == nil || s.out.NewBytes <= smallBytes {
		return nil
	}
	return s.handOn(ctx)
}

func (s *stream) letGo() {
	if s.prev != nil {
		s.prev.done()
	}
	s.prev, s.tail = nil, nil
}

// chunk takes one chunk.
func (s *stream) chunk(ctx context.Context, digest manifest.Digest, data []byte) error {
	n := int64(len(data))
	s.out.Size += n
	if p, ok := s.find(ctx, digest); ok {
		s.out.ReusedChunks++
		s.out.ReusedBytes += n
		s.place(p, n)
		return nil
	}
	return s.add(ctx, digest, data)
}

// add takes a chunk that is stored nowhere.
func (s *stream) add(ctx context.Context, digest manifest.Digest, data []byte) error {
	n := int64(len(data))
	s.out.NewChunks++
	s.out.NewBytes += n
	if s.draft != nil && !s.draft.fits(len(data)) {
		if err := s.handOn(ctx); err != nil {
			return err
		}
	}
	if s.draft == nil {
		s.draft = newDraft(s.draftLen())
	}
	s.place(piece{draft: s.draft, first: s.draft.add(digest, data)}, n)
	return nil
}

// draftLen is the length, at most, of the buffer of a draft of s.
func (s *stream) draftLen() int {
	n := max(frameBytes, s.cut.max)
	if s.short() {
		n = min(n, int(s.scope.Below))
	}
	return n
}

// handOn gives the draft away, to be packed and appended to a block.
func (s *stream) handOn(ctx context.Context) error {
	d := s.draft
	s.draft = nil
	s.drafts = append(s.drafts, d)
	return s.hand(ctx, d)
}

// find looks for a chunk: behind the last hit, in this stream's drafts, in
// blocks on their way to the store, in the dataset's log, in the index.
func (s *stream) find(ctx context.Context, digest manifest.Digest) (piece, bool) {
	if t, n := s.next.t, s.next.first; t != nil && int(n) < len(t.ends) && t.digest(int(n)) == digest && !t.dropped.Load() {
		return s.hit(t, n), true
	}
	if p, ok := s.findDraft(&digest); ok {
		return p, true
	}
	if ob, n := s.e.blocks.find(s, digest); ob != nil {
		return piece{open: ob, first: n}, true
	}
	if t, n := s.e.embedded.find(s.scope.Dataset, digest); t != nil {
		return s.hit(t, n), true
	}
	if t, n := s.e.index.find(ctx, s.scope.Pool, digest); t != nil {
		return s.hit(t, n), true
	}
	return piece{}, false
}

func (s *stream) hit(t *trailer, n uint32) piece {
	s.next = piece{t: t, first: n + 1}
	return piece{t: t, first: n}
}

func (s *stream) findDraft(digest *manifest.Digest) (piece, bool) {
	for len(s.drafts) > 0 && s.drafts[0].appended.Load() {
		s.drafts = s.drafts[1:] // blocks.find knows it now
	}
	for _, d := range s.drafts {
		if n := d.find(digest); n >= 0 {
			return piece{draft: d, first: uint32(n)}, true
		}
	}
	if s.draft != nil {
		if n := s.draft.find(digest); n >= 0 {
			return piece{draft: s.draft, first: uint32(n)}, true
		}
	}
	return piece{}, false
}

// use makes s wait for ob. e.blocks.mu is held.
func (s *stream) use(ob *openBlock) {
	if _, ok := s.blocks[ob]; !ok {
		s.blocks[ob] = struct{}{}
		ob.streams++
	}
}

// close lets everything go that s still holds.
func (s *stream) close() {
	s.letGo()
	if s.draft != nil {
		s.draft.release()
	}
	for _, ob := range s.waiting() {
		s.e.blocks.leave(s, ob)
	}
}
