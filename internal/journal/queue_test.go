package journal_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/journal"
	"aetherfs/internal/store"
)

// TestGivenUp: a transaction whose outcome was unknown and whose slot turns out
// to be another's does not happen later, when nobody expects it any more.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, truth := t.Context(), store.NewMemory()
		down := true
		st := store.Faulty(truth, func(call store.Call) store.Fault {
			if down && call.Op == store.OpPut {
				return store.Fault{Kind: store.FaultBefore}
			}
			return store.Fault{}
		})
		a, err := open(ctx, st, 1, bytesOf(1))
		if err != nil {
			t.Fatal(err)
		}
		defer a.log.Close(ctx)
		b, err := open(ctx, truth, 2, bytesOf(2))
		if err != nil {
			t.Fatal(err)
		}
		defer b.log.Close(ctx)
		if _, err := a.log.Commit(ctx, journal.Tx{Payload: []byte("given up")}); !errors.Is(err, journal.ErrUnknown) {
			t.Errorf("commit to a store that is down = %v, want ErrUnknown", err)
		}
		if _, err := b.log.Commit(ctx, journal.Tx{Payload: []byte("rival")}); err != nil {
			t.Fatal(err)
		}
		down = false
		if _, err := a.log.Commit(ctx, journal.Tx{Payload: []byte("next")}); err != nil {
			t.Fatal(err)
		}
		if want := []string{"rival", "next"}; !slices.Equal(a.history, want) {
			t.Errorf("history %q, want %q", a.history, want)
		}
	})
}

// TestQueue: as many bytes wait as may, what is withdrawn makes room, and what
// Close does not wait for is told so.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		st := store.Faulty(store.NewMemory(), func(call store.Call) store.Fault {
			return store.Fault{Kind: store.FaultSlow, Delay: time.Hour}
		})
		r, err := open(ctx, st, 1, bytesOf(1))
		if err != nil {
			t.Fatal(err)
		}
		big := journal.Tx{Payload: make([]byte, journal.MaxTxBytes)}
		ask, cancel := context.WithCancel(t.Context())
		results := make(chan error, 5)
		var all sync.WaitGroup
		for i := range 5 { // one is under way, four wait
			all.Go(func() {
				ctx := ctx
				if i == 4 {
					ctx = ask
				}
				_, err := r.log.Commit(ctx, big)
				results <- err
			})
			synctest.Wait()
		}
		if _, err := r.log.Commit(ctx, journal.Tx{Payload: []byte("x")}); !errors.Is(err, journal.ErrBusy) {
			t.Errorf("commit to a full queue = %v, want ErrBusy", err)
		}
		cancel()
		if err := <-results; errors.Is(err, journal.ErrUnknown) || !errors.Is(err, ask.Err()) {
			t.Errorf("withdrawn: %v", err)
		}
		dead, cancel := context.WithCancel(t.Context())
		all.Go(func() {
			_, err := r.log.Commit(ctx, journal.Tx{Payload: []byte("x")})
			results <- err
		})
		synctest.Wait()
		cancel()
		r.log.Close(dead)
		all.Wait()
		close(results)
		var unknown, shut int
		for err := range results {
			switch {
			case errors.Is(err, journal.ErrUnknown):
				unknown++
			case errors.Is(err, journal.ErrShut):
				shut++
			}
		}
		if unknown != 1 || shut != 4 {
			t.Errorf("closed: %d unknown, %d shut, want 1 and 4", unknown, shut)
		}
	})
}
