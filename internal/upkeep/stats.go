package upkeep

import "sync/atomic"

// Stats is what a keeper did since it was made, and what it looks after now.
type Stats struct {
	Folds  int64 // that were accepted
	Lost   int64 // that another gateway was ahead of
	Failed int64 // that are tried again

	Logs        int64 // that are open
	TailRecords int64 // that were not folded yet, of all logs
	TailBytes   int64 // that are embedded in their segments
}

type counters struct{ folds, lost, failed atomic.Int64 }

// Stats returns the numbers now. It may be called at any time.
func (k *Keeper) Stats() Stats {
	s := Stats{Folds: k.counts.folds.Load(), Lost: k.counts.lost.Load(), Failed: k.counts.failed.Load()}
	for _, l := range k.o.Names.Logs() {
		t := l.Tail()
		s.Logs++
		s.TailRecords += int64(t.Records)
		s.TailBytes += t.Bytes
	}
	return s
}
