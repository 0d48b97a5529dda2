package dedupe

import (
	"context"
	"slices"
	"sync"

	"aetherfs/internal/manifest"
)

// readings are the requests for bytes of blocks that are under way and whose
// answers will be kept: whoever wants some of the same bytes waits for them
// rather than ask again.
type readings struct {
	mu    sync.Mutex
	under map[manifest.Digest][]*reading // by block; guarded by mu
}

// reading is one request, from its beginning until its answer was kept or it
// has failed.
type reading struct {
	block    manifest.Digest
	from, to int64 // bytes from the block's beginning
	done     chan struct{}
}

func newReadings() *readings { return &readings{under: map[manifest.Digest][]*reading{}} }

// begin notes that the bytes are about to be read; the caller ends it. If some
// of them are on their way already it waits for those first, once, and reports
// so: they may be at hand then. It fails with ctx alone.
func (rs *readings) begin(ctx context.Context, block manifest.Digest, from, to int64) (mine *reading, waited bool, err error) {
	mine = &reading{block, from, to, make(chan struct{})}
	other := rs.add(mine, false)
	if other == nil {
		return mine, false, nil
	}
	select {
	case <-other.done:
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	rs.add(mine, true)
	return mine, true, nil
}

// add adds r, or returns one that brings some of the same bytes, unless r is to
// be added anyway.
func (rs *readings) add(r *reading, anyway bool) *reading {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	all := rs.under[r.block]
	for _, other := range all {
		if !anyway && other.from < r.to && r.from < other.to {
			return other
		}
	}
	rs.under[r.block] = append(all, r)
	return nil
}

func (rs *readings) end(r *reading) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	left := slices.DeleteFunc(rs.under[r.block], func(other *reading) bool { return other == r })
	if len(left) > 0 {
		rs.under[r.block] = left
	} else {
		delete(rs.under, r.block)
	}
	close(r.done)
}
