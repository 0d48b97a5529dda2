package dedupe

import "context"

// Limits of Prefetch: what is fetched for readers that then do not come.
const (
	maxPrefetchBytes = maxFetchBytes // of one
	maxPrefetches    = 64            // at once; beyond that none is begun
)

// Prefetch begins to fetch the frames of the first n bytes in the background,
// for a reader that will soon want them. It is a hint: it tells no error, does
// nothing while many others are under way, and ends with the Reader's context.
func (r *Reader) Prefetch(n int64) {
	e := r.e
	if n <= 0 || r.Size() == 0 || e.reads.Usage().Waiting > 0 || !e.begin() {
		return
	}
	select {
	case e.prefetches <- struct{}{}:
	default:
		e.background.Done()
		return
	}
	go func() {
		defer e.background.Done()
		defer func() { <-e.prefetches }()
		ctx, cancel := context.WithCancel(r.ctx)
		defer cancel()
		defer context.AfterFunc(e.life, cancel)()
		mine := *r
		mine.ctx = ctx
		d := &download{r: &mine, end: min(n, maxPrefetchBytes, r.Size())}
		for d.load() == nil {
			continue // the frames are in the cache now
		}
		_ = d.Close() // always nil
	}()
}
