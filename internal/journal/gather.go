package journal

import (
	"slices"
	"time"
)

// Limits of gather. Clients on a network of this machine's come back within a
// millisecond of their answer; 64 of them keep two cores busy for 20.
const (
	minQuiet  = time.Millisecond
	maxQuiet  = 5 * time.Millisecond
	maxGather = 20 * time.Millisecond
)

// gather waits until seven in eight of the writers that were about at the last
// commit have queued a transaction, so that those that were answered together
// share a segment again: it makes batches twice as large and costs nothing
// while the cores are busy with them. It gives up when none has come for as long
// as the store took for the last segment, within minQuiet and maxQuiet. A lone
// writer never waits.
func (l *Log) gather() {
	if l.gathered() {
		return
	}
	patience := min(max(l.pace.took, minQuiet), maxQuiet)
	quiet, end := time.NewTimer(patience), time.NewTimer(maxGather)
	defer quiet.Stop()
	defer end.Stop()
	for !l.gathered() {
		select {
		case <-l.arrived:
			quiet.Reset(patience)
		case <-quiet.C:
			return
		case <-end.C:
			return
		case <-l.ctx.Done():
			return
		}
	}
}

// gathered reports whether there is nobody to wait for.
func (l *Log) gathered() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) == 0 || l.shut || len(l.queue) >= min(l.writers-l.writers/8, batchRecords)
}

// nextBatch takes what is queued, as far as it fits one segment. When nothing
// is, the committer is no longer running.
func (l *Log) nextBatch() []*pending {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		l.running = false
		return nil
	}
	size, records, n := 0, 0, 0
	for _, p := range l.queue {
		if n > 0 && (size+p.bytes > batchBytes || records+p.tx.Records > batchRecords) {
			break
		}
		size += p.bytes
		records += p.tx.Records
		n++
	}
	batch := slices.Clone(l.queue[:n])
	l.queue = slices.Delete(l.queue, 0, n)
	l.queued -= size
	return batch
}
