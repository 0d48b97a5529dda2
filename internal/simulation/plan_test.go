package simulation

import (
	"sync"
	"time"

	"aetherfs/internal/store"
)

// way is one in which a store, or the process before it, can fail a request.
type way struct {
	name  string
	hit   func(*fate)
	burst time.Duration // for how long it goes on where it happens once
	reads bool          // concerns a Get only, the bytes of which come back wrong
	once  bool          // cannot go on for ever
	slow  bool          // an answer may have to wait until its client gives up
}

// ways has no chance of its own: where two things can happen, a bit of the
// request's fate decides.
var ways = []way{
	{name: "before", hit: func(f *fate) { f.kind = faultBefore }},
	{name: "after", hit: func(f *fate) { f.kind = faultAfter }},
	{name: "late", hit: func(f *fate) { f.kind = faultLate }},
	{name: "503", hit: func(f *fate) { f.kind = faultBusy }, burst: spell},
	{name: "slow", hit: delay, slow: true},
	{name: "flip", hit: func(f *fate) { f.kind = faultFlip }, reads: true},
	{name: "short", hit: func(f *fate) { f.kind = faultShort }, reads: true},
	{name: "crash", hit: crash, once: true},
}

// delay makes a request slow, by less than the patience of a client or by more.
func delay(f *fate) {
	f.there += sweepPatience / 3
	if f.bit%2 == 0 {
		f.there += sweepPatience
	}
}

// crash ends the process when it has just sent the request, which arrives or
// does not.
func crash(f *fate) {
	if f.crash = true; f.bit%2 == 0 {
		f.kind = faultBefore
	}
}

// plan fails the request of a number, or it and all after it.
type plan struct {
	way  *way // nil: it only counts
	at   int  // from 1
	ever bool

	mu    sync.Mutex
	calls []store.Op // so far; guarded by mu
	begun time.Time  // of the faults; guarded by mu
}

// apply counts a request and changes its fate if it is to fail.
func (p *plan) apply(f *fate, op store.Op) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, op)
	n := len(p.calls)
	if n == p.at {
		p.begun = time.Now()
	}
	if p.way != nil && n >= p.at && (n == p.at || p.ever || time.Since(p.begun) < p.way.burst) {
		p.way.hit(f)
	}
}

// done ends the plan and returns the requests there were.
func (p *plan) done() []store.Op {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}
