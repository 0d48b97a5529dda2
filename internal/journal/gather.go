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

// A committer that has won a slot while others race for the log leaves them the
// time to win the next: a rival whose attempt has failed must read the slot and
// create the one after, and its clock runs a round trip behind. Without it the
// slower of two gateways starves (storage.md, section 4).
const (
	rivalMemory = 10 * time.Second // for which a rival counts after its last segment
	restRounds  = 3                // of what the store takes for a segment
	maxRest     = time.Second      // however slow the store is
)

// rest waits after a win, while rivals are about and something waits.
func (l *Log) rest() {
	l.mu.Lock()
	idle := len(l.queue) == 0 || l.shut
	l.mu.Unlock()
	if d := l.resume.Sub(l.o.Now()); d > 0 && !idle {
		pause(l.ctx, d)
	}
}

// won says that a segment of ours was created, and how long that took. The turn
// is held.
func (l *Log) won(took time.Duration) {
	now := l.o.Now()
	l.took = took
	if now.Sub(l.rival) < rivalMemory {
		l.resume = now.Add(min(restRounds*took, maxRest))
	}
}

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
	patience := min(max(l.took, minQuiet), maxQuiet)
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
