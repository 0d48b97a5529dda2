package manifest

import (
	"context"
	"fmt"
)

// resolve turns the recipe of a record into one of the state, and returns how
// many stored bytes its own small data takes, in proportion.
func (p *replay) resolve(ctx context.Context, r Recipe) (Recipe, int64, error) {
	out, err := r.rebase(p.seg.Block, p.base, func(slot uint64) (*Block, error) { return p.earlier(ctx, slot) })
	if err != nil {
		return nil, 0, err
	}
	var added int64
	for i, x := range r {
		if x.Block == nil {
			added += share(out[i])
		}
	}
	return out, added, nil
}

// earlier returns the block embedded in an earlier segment, or nil, if there is
// none that may still be named: what lies at or below the base of a fold is named
// by nothing that follows the fold.
//
// What lies between a fold's base and its slot was replayed before the fold was
// accepted, and may be again: then the fold before it counts.
func (p *replay) earlier(ctx context.Context, slot uint64) (*Block, error) {
	horizon := p.s.fold.Base
	if p.seg.N <= p.s.fold.Slot {
		horizon = p.s.fold.Prev
	}
	if slot <= horizon || slot >= p.seg.N {
		return nil, nil
	}
	if slot > p.s.base {
		b, _ := p.s.small.Get(slot)
		return b, nil
	}
	*p.pinned = true
	b, err := p.s.nodes.Embedded(ctx, slot)
	if err != nil {
		return nil, &unread{fmt.Errorf("block embedded in segment %d: %w", slot, err)}
	}
	return b, nil
}

// share is an extent's part of the frames that it lies in.
func share(x Extent) int64 {
	var plain int64
	for _, f := range x.Block.Frames {
		if f.Off >= x.Off && f.Off < x.Off+x.Stored {
			plain += f.Plain
		}
	}
	if plain == 0 {
		return 0
	}
	return min(x.Len, plain) * x.Stored / plain
}
