package journal_test

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"aetherfs/internal/journal"
	"aetherfs/internal/store"
)

var (
	seeds   = flag.Int("seeds", 150, "how many seeds the simulation tries")
	oneSeed = flag.Int64("seed", 0, "the only seed that the simulation tries")
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// replica is a log with the history that it has applied.
type replica struct {
	log *journal.Log

	mu      sync.Mutex
	history []string // payloads in order; guarded by mu
}

func (r *replica) apply(_ context.Context, s *journal.Segment) ([]any, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	verdicts := make([]any, len(s.Txs))
	for i, t := range s.Txs {
		verdicts[i] = len(r.history)
		r.history = append(r.history, string(t.Payload))
	}
	return verdicts, nil
}

// bytesOf is a source of ids that are the same each time.
func bytesOf(seed int64) io.Reader {
	return rand.NewChaCha8([32]byte(binary.BigEndian.AppendUint64(make([]byte, 24), uint64(seed))))
}

func open(ctx context.Context, st store.Store, writer byte, ids io.Reader, set ...func(*journal.Options)) (*replica, error) {
	r := &replica{}
	o := journal.Options{
		Prefix: "hub/log/", Writer: [16]byte{writer}, Rand: ids, Now: time.Now, Apply: r.apply,
		Epoch: func() uint64 { return 0 },
		Pack: func(chunks []journal.Chunk) (b []byte, err error) {
			for _, c := range chunks {
				b = append(b, c.Data...)
			}
			return b, nil
		},
	}
	for _, f := range set {
		f(&o)
	}
	l, err := journal.Open(ctx, st, o)
	r.log = l
	return r, err
}

func count(ctx context.Context, t *testing.T, st store.Store) int {
	n := 0
	for _, err := range st.List(ctx, "hub/log/", "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// outcome is what a client saw of one commit.
type outcome struct {
	payload    string
	err        error
	verdict    int
	start, end time.Time
}

// TestFaults: several writers race on one log while the store fails before and
// after the effect, late, and slowly. What was acknowledged is there once, at
// the place that its verdict names; what was refused is not; all replicas
// agree; and who came after another's acknowledgement stands behind it.
func TestFaults(t *testing.T) {
	eachSeed(t, "TestFaults", race)
}

// eachSeed runs a simulation with many seeds, each in a bubble of time.
func eachSeed(t *testing.T, name string, run func(t *testing.T, seed int64)) {
	first, last := int64(1), int64(*seeds)
	if *oneSeed != 0 {
		first, last = *oneSeed, *oneSeed
	}
	for seed := first; seed <= last; seed++ {
		synctest.Test(t, func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("again: go test ./internal/journal -run %s -seed %d", name, seed)
				}
			}()
			run(t, seed)
		})
		if t.Failed() {
			return
		}
	}
}

func race(t *testing.T, seed int64) {
	ctx := t.Context()
	truth := store.NewMemory()
	faulty := store.Faulty(truth, plan(seed))
	var replicas []*replica
	var outcomes []outcome
	var mu sync.Mutex
	var clients sync.WaitGroup
	for w := range byte(3) {
		ids := bytesOf(seed*31 + int64(w))
		r, err := open(ctx, faulty, w+1, ids)
		for err != nil { // opening may meet a fault too
			r, err = open(ctx, faulty, w+1, ids)
		}
		replicas = append(replicas, r)
		for c := range 4 {
			clients.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(seed), uint64(100*int(w)+c)))
				for i := range 5 {
					o := outcome{payload: fmt.Sprintf("%d.%d.%d", w, c, i), start: time.Now()}
					tx := journal.Tx{Payload: []byte(o.payload), Records: 1}
					if rng.IntN(2) == 0 {
						tx.Chunks = []journal.Chunk{{Data: []byte(o.payload)}}
					}
					v, err := r.log.Commit(ctx, tx)
					o.err, o.end = err, time.Now()
					if err == nil {
						o.verdict = v.(int)
					}
					mu.Lock()
					outcomes = append(outcomes, o)
					mu.Unlock()
					time.Sleep(time.Duration(rng.IntN(400)) * time.Millisecond)
				}
			})
		}
	}
	clients.Wait()
	for _, r := range replicas {
		r.log.Close(ctx)
	}
	faulty.Settle()
	fresh, err := open(ctx, truth, 9, bytesOf(seed))
	if err != nil {
		t.Fatal(err)
	}
	fresh.log.Close(ctx)
	judge(t, fresh.history, replicas, outcomes)
}

func judge(t *testing.T, history []string, replicas []*replica, outcomes []outcome) {
	places := map[string][]int{}
	for i, p := range history {
		places[p] = append(places[p], i)
	}
	for i, r := range replicas {
		if n := len(r.history); n > len(history) || !slices.Equal(r.history, history[:n]) {
			t.Errorf("replica %d has %q, the store %q", i, r.history, history)
		}
	}
	acked := 0
	for _, o := range outcomes {
		at := places[o.payload]
		switch {
		case len(at) > 1:
			t.Errorf("%s is there %d times", o.payload, len(at))
		case o.err == nil && (len(at) == 0 || at[0] != o.verdict):
			t.Errorf("%s was acknowledged at %d, is at %v", o.payload, o.verdict, at)
		case o.err != nil && !errors.Is(o.err, journal.ErrUnknown) && len(at) > 0:
			t.Errorf("%s was refused (%v), is at %v", o.payload, o.err, at)
		case o.err == nil:
			acked++
		}
	}
	for _, a := range outcomes {
		for _, b := range outcomes {
			if a.err == nil && b.err == nil && a.end.Before(b.start) && a.verdict > b.verdict {
				t.Errorf("%s ended before %s began, and stands behind it", a.payload, b.payload)
			}
		}
	}
	if acked == 0 {
		t.Errorf("none of %d commits was acknowledged", len(outcomes))
	}
}

// plan draws faults for a seed: one request in five.
func plan(seed int64) store.Plan {
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	var mu sync.Mutex
	return func(store.Call) store.Fault {
		mu.Lock()
		defer mu.Unlock()
		kinds := []store.FaultKind{store.FaultBefore, store.FaultAfter, store.FaultLate, store.FaultSlow}
		if rng.IntN(5) > 0 {
			return store.Fault{Kind: store.FaultSlow, Delay: time.Duration(10+rng.IntN(60)) * time.Millisecond}
		}
		return store.Fault{Kind: kinds[rng.IntN(len(kinds))], Calls: rng.IntN(6), Delay: time.Duration(rng.IntN(3000)) * time.Millisecond}
	}
}

// TestGroup: what waits shares a segment.
func TestGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		slow := store.Faulty(store.NewMemory(), func(store.Call) store.Fault {
			return store.Fault{Kind: store.FaultSlow, Delay: 50 * time.Millisecond}
		})
		r, err := open(ctx, slow, 1, bytesOf(1))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() {
				if _, err := r.log.Commit(ctx, journal.Tx{Payload: fmt.Append(nil, i), Records: 1}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		d := time.Since(start)
		if n := count(ctx, t, slow); n > 2 {
			t.Errorf("1,000 transactions at once took %d segments, want 2", n)
		}
		if d > 150*time.Millisecond {
			t.Errorf("they took %v, want two or three round trips of 50ms", d)
		}
		r.log.Close(ctx)
	})
}

// TestLimits: a batch ends at its limits, and a transaction beyond its own is
// refused.
func TestLimits(t *testing.T) {
	ctx := t.Context()
	st := store.NewMemory()
	r, err := open(ctx, st, 1, bytesOf(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.log.Commit(ctx, journal.Tx{Payload: make([]byte, journal.MaxTxBytes+1)}); !errors.Is(err, journal.ErrTooLarge) {
		t.Errorf("a transaction too large: %v", err)
	}
	if _, err := r.log.Commit(ctx, journal.Tx{Payload: make([]byte, journal.MaxTxBytes)}); err != nil {
		t.Errorf("the largest transaction: %v", err)
	}
	r.log.Close(ctx)
	if _, err := r.log.Commit(ctx, journal.Tx{}); !errors.Is(err, journal.ErrShut) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := open(ctx, st, 2, bytesOf(2)); err != nil {
		t.Errorf("open the largest segment: %v", err)
	}
}

// TestRefused: a store that says no leaves nothing behind and goes on when it
// says yes again; one that failed and then says no leaves the outcome unknown,
// and whatever it was, the next commit comes after it.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		faults []store.Fault
		want   error
		there  int
	}{
		"full":               {[]store.Fault{{Kind: store.FaultBefore, Err: store.ErrNoSpace}}, store.ErrNoSpace, 1},
		"failed, then full":  {[]store.Fault{{Kind: store.FaultBefore}, {Kind: store.FaultBefore, Err: store.ErrNoSpace}}, journal.ErrUnknown, 2},
		"written, then full": {[]store.Fault{{Kind: store.FaultLate, Calls: 4}, {Kind: store.FaultBefore, Err: store.ErrPoisoned}}, journal.ErrUnknown, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				truth := store.NewMemory()
				puts := 0
				st := store.Faulty(truth, func(call store.Call) store.Fault {
					if call.Op != store.OpPut {
						return store.Fault{}
					}
					puts++
					if puts <= len(c.faults) {
						return c.faults[puts-1]
					}
					return store.Fault{}
				})
				r, err := open(ctx, st, 1, bytesOf(1))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := r.log.Commit(ctx, journal.Tx{Payload: []byte("first")}); !errors.Is(err, c.want) {
					t.Errorf("first commit: %v, want %v", err, c.want)
				}
				v, err := r.log.Commit(ctx, journal.Tx{Payload: []byte("second")})
				if err != nil || v.(int) != c.there-1 {
					t.Errorf("second commit: %v, %v", v, err)
				}
				r.log.Close(ctx)
			})
		})
	}
}
