package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// ErrInjected is the error of a fault that names none.
var ErrInjected = errors.New("injected fault")

// Call is one request to a FaultyStore.
type Call struct {
	N   int // its number among all, from 1
	OpN int // its number among those of its kind, from 1
	Op  Op
	Key string // of a List: the prefix
}

// Plan decides what goes wrong with a request. Racing requests ask it
// concurrently.
type Plan func(Call) Fault

// FaultKind says what goes wrong.
type FaultKind uint8

const (
	FaultNone   FaultKind = iota
	FaultBefore           // Err, and nothing is done
	FaultAfter            // done, then Err; a List ends with Err after at most one object
	FaultLate             // Err now; a Put or Delete is done right before the Calls-th request from here
	FaultSlow             // done after Delay
	FaultShort            // a Get returns half of its bytes and no error
	FaultFlip             // a Get returns one bit flipped and no error
)

// Fault is what happens to a request. The zero Fault is nothing.
type Fault struct {
	Kind  FaultKind
	Err   error         // of FaultBefore, FaultAfter and FaultLate
	Calls int           // of FaultLate
	Delay time.Duration // of FaultSlow
	Bit   uint64        // of FaultFlip; taken modulo the bits there are
}

// spoil returns data with a fault's damage. It may modify data.
func (f Fault) spoil(data []byte) []byte {
	switch {
	case len(data) == 0:
	case f.Kind == FaultShort:
		return data[:len(data)/2]
	case f.Kind == FaultFlip:
		bit := f.Bit % (8 * uint64(len(data)))
		data[bit/8] ^= 1 << (bit % 8)
	}
	return data
}

// spoilInto is spoil of an answer in pieces, of which none may be missing.
func (f Fault) spoilInto(p Pieces) error {
	switch {
	case p.Len() == 0:
	case f.Kind == FaultShort:
		return fmt.Errorf("half of %d bytes: %w", p.Len(), ErrRange)
	case f.Kind == FaultFlip:
		bit := f.Bit % (8 * uint64(p.Len()))
		p.Slice(int64(bit/8), 1)[0][0] ^= 1 << (bit % 8)
	}
	return nil
}

// NoFaults is the plan of a store that works.
func NoFaults(Call) Fault { return Fault{} }

// FaultAt plans fault for the k-th request of a kind, once.
func FaultAt(op Op, k int, fault Fault) Plan {
	return func(c Call) Fault {
		if c.Op == op && c.OpN == k {
			return fault
		}
		return Fault{}
	}
}

// FaultFrom plans fault for the k-th request of a kind and all after it.
func FaultFrom(op Op, k int, fault Fault) Plan {
	return func(c Call) Fault {
		if c.Op == op && c.OpN >= k {
			return fault
		}
		return Fault{}
	}
}

// Seeded plans, for a share of the requests, one of the faults that a caller is
// told of: before, after or late by up to 8 requests. The same seed and order
// of requests give the same faults.
func Seeded(seed uint64, share float64) Plan {
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(seed, 0))
	return func(Call) Fault {
		mu.Lock()
		defer mu.Unlock()
		if rng.Float64() >= share {
			return Fault{}
		}
		kinds := []FaultKind{FaultBefore, FaultAfter, FaultLate}
		return Fault{Kind: kinds[rng.IntN(len(kinds))], Err: ErrInjected, Calls: 1 + rng.IntN(8)}
	}
}
