package dedupe

import "aetherfs/internal/manifest"

// A frame cannot be asked for before its block's trailer is there, so trailers
// are fetched further ahead than frames.
const (
	scoutBytes = mostAhead + 4*DefaultBlockBytes // of the file
	mostScouts = 8                               // at once, of a flight
)

// scouts fetch the trailers of what will be planned next. They are the
// planner's.
type scouts struct {
	next  int             // number of the first extent that none was sent to
	last  *manifest.Block // that one was sent to
	under chan struct{}   // a token for each that is under way
}

// scout sends for the trailers of the blocks from extent i on. Their errors are
// told when the extents are planned.
func (f *flight) scout(i int) {
	s, r := &f.scouts, f.r
	for s.next = max(s.next, i+1); s.next < len(r.recipe); s.next++ {
		x := r.recipe[s.next]
		if r.ends[s.next-1] >= min(f.off+scoutBytes, f.end) {
			return
		}
		if sameBlock(x.Block, s.last) || r.e.trailers.near(x.Block) != nil {
			continue
		}
		if s.under == nil {
			s.under = make(chan struct{}, mostScouts)
		}
		select {
		case s.under <- struct{}{}:
		default:
			return
		}
		s.last = x.Block
		f.planner.Go(func() {
			_, _ = r.e.trailerOf(f.ctx, r.pool, x)
			<-s.under
		})
	}
}
