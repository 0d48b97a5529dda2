package manifest

import "context"

// Close ends a log, if its dataset is empty: replay refuses everything after
// it. Open uploads do not count.
type Close struct{}

func (*Close) kind() byte { return kindClose }

func (*Close) encode(*encoder) {}

func decodeClose(*decoder) Record { return &Close{} }

func (*Close) apply(_ context.Context, p *replay) (Result, error) {
	if p.s.Files() > 0 {
		return Result{}, ErrNotEmpty
	}
	p.s.closed = true
	return Result{}, nil
}
