package web_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/web"
)

// TestReadinessIsCheap: however many ask, the store is asked once in five
// seconds, and once a second while it does not answer; nobody is answered by
// what is older.
func TestReadinessIsCheap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		checks, fail := 0, error(nil)
		p := newPort(t, func(o *web.Options) {
			o.Ready = func(context.Context) error {
				mu.Lock()
				defer mu.Unlock()
				checks++
				return fail
			}
		})
		ask := func(d time.Duration) (status int) {
			mu.Lock()
			checks = 0
			mu.Unlock()
			var group sync.WaitGroup
			for range d / (10 * time.Millisecond) {
				for range 3 {
					group.Go(func() { p.get("/readyz") })
				}
				group.Wait()
				time.Sleep(10 * time.Millisecond)
			}
			return p.get("/readyz").Code
		}
		if status := ask(20 * time.Second); status != 200 || checks > 5 {
			t.Errorf("in 20 s the store was asked %d times, and the answer is %d", checks, status)
		}
		fail = errors.New("no answer")
		if status := ask(20 * time.Second); status != 503 || checks > 21 {
			t.Errorf("in 20 s the store that fails was asked %d times, and the answer is %d", checks, status)
		}
		fail = nil
		if status := ask(1010 * time.Millisecond); status != 200 {
			t.Errorf("a second after the store came back the answer is %d", status)
		}
	})
}

// TestOneWhoLeavesSpoilsNoProbe: the first to ask goes away while the store is
// asked; those who wait for the same are answered.
func TestOneWhoLeavesSpoilsNoProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPort(t, func(o *web.Options) {
			o.Ready = func(ctx context.Context) error {
				select {
				case <-time.After(500 * time.Millisecond):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		})
		ctx, leave := context.WithCancel(t.Context())
		go p.get("/readyz", func(r *http.Request) { *r = *r.WithContext(ctx) })
		synctest.Wait()
		leave()
		if got := p.get("/readyz").Code; got != 200 {
			t.Errorf("the one who stayed is answered by %d", got)
		}
	})
}
