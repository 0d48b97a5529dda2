package journal_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/journal"
	"aetherfs/internal/store"
)

// slotsOf says what the log's slots hold, from the first on that is there: 'f'
// a fence, 's' a segment.
func slotsOf(t *testing.T, st store.Store) (first uint64, kinds string) {
	t.Helper()
	for info, err := range st.List(t.Context(), "hub/log/", "") {
		if err != nil {
			t.Fatal(err)
		}
		b, _, err := st.Get(t.Context(), info.Key, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		fence, err := journal.DecodeFence(b)
		if err == nil {
			kinds += "f"
		} else {
			kinds += "s"
		}
		if first == 0 {
			s, err := journal.Decode(b)
			if err != nil {
				s = &journal.Segment{N: fence.N}
			}
			first = s.N
		}
	}
	return first, kinds
}

// TestRetire: segments become fences, fences go after 30 days, and nothing
// above the limit is touched.
func TestRetire(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	now := time.Now()
	st.Now = func() time.Time { return now }
	retire := func(upTo uint64, want int) {
		t.Helper()
		n, err := journal.Retire(ctx, st, journal.RetireOptions{Prefix: "hub/log/", UpTo: upTo, Base: upTo, Now: st.Now})
		if err != nil || n != want {
			t.Errorf("Retire up to %d = %d, %v, want %d", upTo, n, err, want)
		}
	}
	check := func(first uint64, kinds string) {
		t.Helper()
		if n, is := slotsOf(t, st); n != first || is != kinds {
			t.Errorf("the log holds %s from %d, want %s from %d", is, n, kinds, first)
		}
	}
	writeAhead(t, st, 8)
	third, err := journal.Decode(hubSlot(t, st, 3))
	if err != nil {
		t.Fatal(err)
	}
	retire(0, 0)
	check(1, "ssssssss")
	retire(3, 3)
	check(1, "fffsssss")
	if f, err := journal.DecodeFence(hubSlot(t, st, 3)); err != nil || f != (journal.Fence{N: 3, Sum: third.Sum, Base: 3}) {
		t.Errorf("the fence is %+v, %v", f, err)
	}
	retire(3, 0)
	now = now.Add(20 * 24 * time.Hour)
	retire(6, 3)
	now = now.Add(11 * 24 * time.Hour)
	retire(6, 3)
	check(4, "fffss")
	now = now.Add(20 * 24 * time.Hour)
	overwrite(t, st, 2, third.Encode()) // a writer of long ago: not its own slot
	if _, err := journal.Retire(ctx, st, journal.RetireOptions{Prefix: "hub/log/", UpTo: 6, Base: 6, Now: st.Now}); !errors.Is(err, journal.ErrFormat) {
		t.Errorf("Retire over segment 3 in slot 2 = %v, want ErrFormat", err)
	}
	third.N = 2
	overwrite(t, st, 2, third.Encode())
	retire(6, 1)
	check(2, "ffffss")
	now = now.Add(31 * 24 * time.Hour)
	retire(6, 4)
	check(7, "ss")
	if n, err := journal.Retire(ctx, st, journal.RetireOptions{Prefix: "hub/log/", UpTo: 7, Exclusive: true}); n != 1 || err != nil {
		t.Errorf("Retire, exclusive = %d, %v, want 1", n, err)
	}
	check(8, "s")
}

// TestRetirePace: segments make way faster than they come, far from the store.
func TestRetirePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const length, most = 1000, 15 * time.Second
		truth := store.NewMemory()
		writeAhead(t, truth, length)
		begun := time.Now()
		n, err := journal.Retire(t.Context(), distant(truth), journal.RetireOptions{Prefix: "hub/log/", UpTo: length, Base: length, Now: time.Now})
		if took := time.Since(begun); n != length || err != nil || took > most {
			t.Errorf("Retire = %d, %v after %v, want %d within %v", n, err, took, length, most)
		}
	})
}

// TestRetireLong: a long log is retired in pieces, in few requests each, however
// often it is stopped, and what is retired is always the beginning of the log,
// but for the last few.
func TestRetireLong(t *testing.T) {
	const length, upTo, seed, atOnce = 3000, 2500, 1, 8
	ctx, truth := t.Context(), store.NewMemory()
	writeAhead(t, truth, length)
	st := store.Faulty(truth, store.Seeded(seed, 0.002))
	rng := rand.New(rand.NewPCG(seed, 0))
	for done, calls := 0, 0; done < upTo; calls++ {
		if calls > 100 {
			t.Fatalf("seed %d: %d of %d slots are retired after 100 calls", seed, done, upTo)
		}
		limit := uint64(1 + rng.IntN(upTo)) // several gateways, with checkpoints of different ages
		if calls%2 == 0 {
			limit = upTo
		}
		lists := st.Calls(store.OpList)
		n, err := journal.Retire(ctx, st, journal.RetireOptions{Prefix: "hub/log/", UpTo: limit, Base: upTo, Now: time.Now})
		if n > 1010 {
			t.Errorf("one call retired %d slots", n)
		}
		if n == 0 && err == nil && limit == upTo {
			done = upTo
		}
		if _, kinds := slotsOf(t, truth); strings.LastIndexByte(kinds, 'f')-strings.IndexByte(kinds, 's') >= atOnce {
			t.Fatalf("seed %d: after %d calls a segment is left far behind fences: %s", seed, calls, kinds)
		}
		if used := st.Calls(store.OpList) - lists; used > 16 {
			t.Errorf("a call took %d lists, want at most 16", used)
		}
	}
	st.Settle()
	_, kinds := slotsOf(t, truth)
	for i, kind := range kinds {
		if (kind == 'f') != (i < upTo) {
			t.Fatalf("slot %d holds %c", i+1, kind)
		}
	}
}
