package dedupe

import "context"

// Runs are appended to a block in one piece, so that a file lies in few ranges
// even when its parts arrive at once.
const (
	minRunBytes = 256 << 10
	maxRunBytes = 1 << 20
)

// packing packs the drafts of one stream, several at a time, and appends them
// in order.
type packing struct {
	s    *stream
	jobs chan packJob
	fail context.CancelCauseFunc
}

// packJob is a draft that is being packed; packed is closed when it is done.
type packJob struct {
	d      *draft
	packed chan struct{}
}

func newPacking(s *stream, queue int, fail context.CancelCauseFunc) *packing {
	return &packing{s, make(chan packJob, queue), fail}
}

// hand gives d away. If it cannot, d is released.
func (p *packing) hand(ctx context.Context, d *draft) error {
	j := packJob{d, make(chan struct{})}
	go func() {
		defer close(j.packed)
		p.s.e.workers <- struct{}{}
		d.pack(p.s.e.coder)
		<-p.s.e.workers
	}()
	select {
	case p.jobs <- j:
		return nil
	case <-ctx.Done():
		<-j.packed
		d.release()
		return context.Cause(ctx)
	}
}

// run appends what is packed until jobs is closed.
func (p *packing) run(ctx context.Context) {
	var run []*draft
	stored := 0
	flush := func() {
		if err := p.s.append(ctx, run); err != nil {
			p.fail(err)
		}
		run, stored = nil, 0
	}
	for j := range p.jobs {
		<-j.packed
		run = append(run, j.d)
		stored += len(j.d.stored)
		if stored >= p.runBytes() {
			flush()
		}
	}
	if len(run) > 0 {
		flush()
	}
}

// runBytes is the length of a run: shorter when many streams share the open
// block, so that all their runs fit in half of it.
func (p *packing) runBytes() int {
	share := p.s.scope.BlockBytes / 2 / int64(max(p.s.e.active.Load(), 1))
	return int(min(max(share, minRunBytes), maxRunBytes))
}
