package simulation

import (
	"math/rand/v2"
	"time"
)

// latency is S3's, seen from the same region.
const latency = 40 * time.Millisecond

// weather says how often what goes wrong. All shares are of requests, but for
// those of spells.
type weather struct {
	name    string
	latency time.Duration // median of a request, there and back

	before   float64 // an error, and nothing is done
	after    float64 // done, and an error instead of the reply
	late     float64 // an error, and done later
	lateUpTo time.Duration
	flip     float64 // a Get has one bit wrong
	rots     bool    // bytes may be wrong on their way; else nothing explains damage

	busy float64 // share of spells in which half of all requests are refused with 503
	slow float64 // share of spells in which all take ten times as long

	stall     float64 // the process stops, before the request is sent or before its reply is seen
	stallUpTo time.Duration
	idle      float64 // of an operation: the client is away for up to idleUpTo before it
	idleUpTo  time.Duration
	crash     time.Duration // between two crashes or restarts, about

	look        time.Duration // between two looks of a gateway's upkeep, about; 0: it has none of its own
	foldAfter   time.Duration // from the first record behind a fold to the next fold, at most
	retireAfter time.Duration // from a checkpoint to the fences that it covers
}

// spell is how long busy and slow times last.
const spell = 8 * time.Second

// fair is the name of a weather in which nothing goes wrong.
const fair = "fair"

// climate is the weathers that seeds have in turn. What has to be shorter than
// what follows from how the engine measures time: fences stand for 30 days, and
// after a day without news a gateway no longer trusts what it knows.
var climate = []weather{
	{
		name: fair, latency: latency, crash: 10 * time.Second,
		look: time.Second, foldAfter: 10 * time.Second, retireAfter: 2 * time.Second,
	},
	{
		name: "rain", latency: latency, before: 0.02, after: 0.02, late: 0.02, lateUpTo: 10 * time.Second,
		busy: 0.1, slow: 0.1, stall: 0.003, stallUpTo: 20 * time.Second, crash: 6 * time.Second,
		look: time.Second, foldAfter: 10 * time.Second, retireAfter: time.Minute,
	},
	{
		name: "storm", latency: latency, before: 0.05, after: 0.05, late: 0.05, lateUpTo: 3 * time.Minute,
		busy: 0.2, slow: 0.2, stall: 0.01, stallUpTo: 5 * time.Minute, crash: 3 * time.Second,
		look: time.Second, foldAfter: 5 * time.Second, retireAfter: 5 * time.Minute,
	},
	{
		name: "nights", latency: latency, before: 0.02, after: 0.02, late: 0.03, lateUpTo: 5 * time.Minute,
		busy: 0.1, slow: 0.1, stall: 0.01, stallUpTo: 24 * time.Hour, idle: 0.08, idleUpTo: 40 * time.Hour, crash: 6 * time.Hour,
		look: 10 * time.Minute, foldAfter: 6 * time.Hour, retireAfter: time.Hour,
	},
	{
		name: "ages", latency: latency, before: 0.02, after: 0.02, late: 0.02, lateUpTo: 5 * time.Minute,
		stall: 0.01, stallUpTo: 60 * 24 * time.Hour, idle: 0.1, idleUpTo: 40 * 24 * time.Hour, crash: 20 * 24 * time.Hour,
		look: 6 * time.Hour, foldAfter: 24 * time.Hour, retireAfter: time.Hour,
	},
	{
		name: "naps", latency: latency, before: 0.02, after: 0.03, late: 0.03, lateUpTo: 30 * time.Second,
		stall: 0.03, stallUpTo: 5 * time.Minute, idle: 0.05, idleUpTo: 2 * time.Minute, crash: 20 * time.Second,
		look: 300 * time.Millisecond, foldAfter: 2 * time.Second, retireAfter: time.Second,
	},
	{
		name: "rot", latency: latency, before: 0.01, after: 0.01, late: 0.01, lateUpTo: 10 * time.Second,
		flip: 0.03, rots: true, stall: 0.003, stallUpTo: 10 * time.Second, crash: 6 * time.Second,
		look: time.Second, foldAfter: 10 * time.Second, retireAfter: time.Minute,
	},
}

// fate is what happens to one request.
type fate struct {
	there, back time.Duration // until the store has it, until the reply is here
	kind        faultKind
	late        time.Duration // of faultLate: after the error
	stall       time.Duration // of the process
	stallFirst  bool          // before the request is sent rather than before its reply is seen
	waking      time.Duration // from the end of a standstill
	bit         uint64        // of faultFlip
	crash       bool          // the process ends once the request is on its way
}

type faultKind string

const (
	fine        faultKind = "fine"
	faultBefore faultKind = "before"
	faultAfter  faultKind = "after"
	faultLate   faultKind = "late"
	faultBusy   faultKind = "503"
	faultFlip   faultKind = "flip"
	faultShort  faultKind = "short"
)

// fate draws that of a request which is made at now.
func (w *weather) fate(d dice, rng *rand.Rand, now time.Time) fate {
	f := fate{there: around(rng, w.latency/2), back: around(rng, w.latency/2), kind: fine, waking: time.Duration(rng.IntN(1e6)) + 1}
	p := rng.Float64()
	for _, k := range []struct {
		kind  faultKind
		share float64
	}{{faultBefore, w.before}, {faultAfter, w.after}, {faultLate, w.late}, {faultFlip, w.flip}} {
		if p -= k.share; p < 0 {
			f.kind = k.kind
			break
		}
	}
	f.late, f.bit = upTo(rng, max(w.lateUpTo, time.Second)), rng.Uint64()
	if chance(rng, w.stall) {
		f.stall, f.stallFirst = upTo(rng, w.stallUpTo), rng.IntN(2) == 0
		if f.kind == fine && !f.stallFirst && rng.IntN(2) == 0 {
			f.kind = faultAfter // the reply found nobody to read it
		}
	}
	sky := d.of("spell", now.UnixNano()/int64(spell))
	if chance(sky, w.busy) && rng.IntN(2) == 0 {
		f.kind = faultBusy
	}
	if chance(sky, w.slow) {
		f.there, f.back = 10*f.there, 10*f.back
	}
	return f
}
