package journal

import "time"

// A committer that has won a slot while others race for the log leaves them the
// time to win the next: a rival whose attempt has failed must read the slot and
// create the one after, and its clock runs a round trip behind. Without it the
// slower of two gateways starves (docs/design/0004, Journal).
//
// One that always wins never meets its rivals. So it also rests when it has won
// many slots back to back, in a store that others may write to. Without it a
// gateway that writes now and then waits for minutes beside one that is always
// busy, as measured; with it for longRun and a few round trips, and the busy one
// loses three in longRun.
const (
	rivalMemory = 10 * time.Second // for which a rival counts after its last segment
	restRounds  = 3                // of what the store takes for a segment
	maxRest     = time.Second      // however slow the store is
	longRun     = 64               // wins back to back
)

// pace is what a committer knows of its last segments.
type pace struct {
	took   time.Duration // to create the last
	won    time.Time     // when that was
	run    int           // how many were created without a rest between
	resume time.Time     // when the next may be
}

// created says that a segment of ours was created, when that began and how long
// it took. The turn is held.
func (l *Log) created(begun time.Time, took time.Duration) {
	p, rest := &l.pace, min(restRounds*took, maxRest)
	if begun.Sub(p.won) >= rest { // others had their time
		p.run = 0
	}
	p.took, p.won = took, begun.Add(took)
	p.run++
	if !l.o.Exclusive && (p.run >= longRun || p.won.Sub(l.rival) < rivalMemory) {
		p.run, p.resume = 0, p.won.Add(rest)
	}
}

// rest waits after a win, if that is due and something waits.
func (l *Log) rest() {
	l.mu.Lock()
	idle := len(l.queue) == 0 || l.shut
	l.mu.Unlock()
	if d := l.pace.resume.Sub(l.o.Now()); d > 0 && !idle {
		pause(l.ctx, min(d, maxRest))
	}
}
