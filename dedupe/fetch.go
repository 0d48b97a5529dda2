package dedupe

import (
	"context"
	"errors"

	"aetherfs/internal/manifest"
)

// fetch returns frames from up to, not including, to of t's block, each held
// for the caller. Those that are not in memory are read in one request.
func (e *Engine) fetch(ctx context.Context, pool string, t *trailer, from, to int) ([]*frame, error) {
	out := make([]*frame, to-from)
	first, last := -1, -1
	for i := range out {
		if out[i] = e.frames.find(frameKey{t.block.Name, from + i}); out[i] == nil {
			if first < 0 {
				first = from + i
			}
			last = from + i
		}
	}
	if first < 0 {
		e.counts.frameHits.Add(int64(len(out)))
		return out, nil
	}
	begin := t.frames[first].off
	raw, err := readBlock(ctx, e.o, pool, t.block, begin, t.frames[last].off+int64(t.frames[last].stored)-begin)
	if err == nil {
		e.counts.fetchedBytes.Add(int64(len(raw)))
		err = e.decodeAll(out, t, from, raw, begin)
	}
	if err != nil {
		e.suspect(pool, t, err)
		releaseAll(out)
		return nil, err
	}
	return out, nil
}

// decodeAll fills the gaps of out, frames of t from number from on, out of raw,
// which begins at byte begin of the block.
func (e *Engine) decodeAll(out []*frame, t *trailer, from int, raw []byte, begin int64) error {
	for i := range out {
		if out[i] != nil {
			e.counts.frameHits.Add(1)
			continue
		}
		e.counts.frameMisses.Add(1)
		info := &t.frames[from+i]
		stored := raw[info.off-begin:][:info.stored]
		f := newFrame(int(info.plain))
		if err := e.coder.decode(f.data(), stored, t, from+i, e.o.Verify); err != nil {
			f.release()
			return err
		}
		e.frames.add(frameKey{t.block.Name, from + i}, f)
		out[i] = f
	}
	return nil
}

func releaseAll(fs []*frame) {
	for _, f := range fs {
		if f != nil {
			f.release()
		}
	}
}

// suspect drops t's block from the index if err says that it is damaged or
// gone, so that its chunks are stored again when they come again.
func (e *Engine) suspect(pool string, t *trailer, err error) {
	if !errors.Is(err, ErrCorrupt) || !e.trailers.drop(t) {
		return
	}
	e.counts.dropped.Add(1)
	if !t.block.Embedded() {
		e.index.forget(pool, t)
	}
}

// trailerOf returns the trailer of x's block, if it agrees with x.
func (e *Engine) trailerOf(ctx context.Context, pool string, x manifest.Extent) (*trailer, error) {
	if x.Block == nil {
		return nil, errors.New("extent of small data that is not yet in a block")
	}
	t, err := e.trailers.find(ctx, pool, x.Block)
	if err != nil {
		return nil, err
	}
	first, end := int64(x.First), int64(x.First)+int64(x.Count)
	if end > int64(len(t.ends)) || x.Skip < 0 || x.Len < 1 || t.chunkStart(int(first))+x.Skip+x.Len > t.chunkStart(int(end)) {
		return nil, corrupt(x.Block.Name, "extent of chunks %d to %d, %d bytes after %d, is not in the block", first, end, x.Len, x.Skip)
	}
	return t, nil
}
