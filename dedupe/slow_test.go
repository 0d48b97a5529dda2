package dedupe_test

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"aetherfs/dedupe"
	"aetherfs/internal/store"
)

// gatewayWork is what a gateway with 128 MiB of memory gives to its streams and
// reads.
const gatewayWork = 16 << 20

// patience is how long a slow client keeps others waiting, at most.
const patience = 31 * time.Second

var errStop = errors.New("stopped")

// trickle is a client that sends a burst and then some bytes each second. When
// it was read to its end it fails a test that stops it.
type trickle struct {
	t       *testing.T
	data    []byte
	burst   int
	rate    int // bytes a second
	stopped chan struct{}

	mu    sync.Mutex
	ended bool
}

func newTrickle(t *testing.T, size, burst, rate int) *trickle {
	return &trickle{t: t, data: noise(uint64(size+burst+rate), size), burst: min(burst, size), rate: rate, stopped: make(chan struct{})}
}

func (c *trickle) Read(p []byte) (int, error) {
	n := c.burst
	if n == 0 && len(c.data) > 0 {
		select {
		case <-time.After(time.Second):
		case <-c.stopped:
			return 0, errStop
		}
		n = min(c.rate, len(c.data))
	}
	n = copy(p, c.data[:n])
	c.burst -= min(n, c.burst)
	if c.data = c.data[n:]; len(c.data) > 0 {
		return n, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	return n, io.EOF
}

func (c *trickle) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		c.t.Error("stopped at its end")
	}
	close(c.stopped)
}

// store stores what c sends, of which the length is announced or not, and
// returns how long that took.
func (c *trickle) store(e *dedupe.Engine, announced bool) (time.Duration, error) {
	sc, size, begun := scope, len(c.data), time.Now()
	sc.Stop = c.stop
	if announced {
		sc.Below = int64(size) + 1
	}
	out, err := e.Store(c.t.Context(), sc, c)
	if err == nil && out.Size != int64(size) {
		c.t.Errorf("%d bytes are stored, want %d", out.Size, size)
	}
	return time.Since(begun), err
}

// atOnce stores what quick clients send, and returns how long a long stream
// waited; short ones may not wait at all.
func atOnce(t *testing.T, e *dedupe.Engine) (waited time.Duration) {
	t.Helper()
	var all sync.WaitGroup
	all.Go(func() {
		var err error
		if waited, err = newTrickle(t, 4<<20, 4<<20, 0).store(e, true); err != nil {
			t.Errorf("long stream of a quick client: %v", err)
		}
	})
	synctest.Wait()
	for _, size := range []int{0, 1 << 10, 64 << 10} {
		if took, err := newTrickle(t, size, size, 0).store(e, true); err != nil || took > 0 {
			t.Errorf("stream of %d bytes of a quick client: %v, after %v", size, err, took)
		}
	}
	all.Wait()
	return waited
}

// TestSlowStreams: whatever slow clients of long streams do, quick clients of short
// ones do not wait for them and those of long ones a while at most; and slow ones
// whom nobody waits for are served to their end.
func TestSlowStreams(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type client struct{ size, burst, rate int }
		clients := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) client {
			return client{
				size:  rapid.IntRange(512<<10, 1<<20).Draw(rt, "size"),
				burst: rapid.SampledFrom([]int{0, 1, 200 << 10, 300 << 10, 500 << 10}).Draw(rt, "burst"),
				rate:  rapid.IntRange(500, 2000).Draw(rt, "rate"),
			}
		}), 1, 16).Draw(rt, "clients")
		before := time.Duration(rapid.IntRange(0, 100).Draw(rt, "seconds before")) * time.Second
		synctest.Test(t, func(t *testing.T) {
			e := engine(t, dedupe.Options{Store: store.NewMemory(), WorkBytes: gatewayWork})
			var slow sync.WaitGroup
			for i, c := range clients {
				slow.Go(func() {
					_, err := newTrickle(t, c.size, c.burst, c.rate).store(e, i%2 == 0)
					if err != nil && (!errors.Is(err, errStop) || len(clients) < 2) {
						t.Errorf("slow client %+v: %v", c, err)
					}
				})
			}
			time.Sleep(before)
			if most, waited := patience*time.Duration(1+len(clients)/2), atOnce(t, e); waited > most {
				t.Errorf("a quick client waited for %v, want at most %v", waited, most)
			}
			slow.Wait()
			nothingHeld(t, e)
		})
	})
}

// TestUnhurriedStreams: clients that are not slow enough keep their streams while
// others wait, but those with short ones do not.
func TestUnhurriedStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := engine(t, dedupe.Options{Store: store.NewMemory(), WorkBytes: gatewayWork})
		var slow sync.WaitGroup
		for range 7 {
			slow.Go(func() {
				if _, err := newTrickle(t, 2<<20, 0, 3<<10).store(e, true); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if waited := atOnce(t, e); waited < 10*time.Minute {
			t.Errorf("the long stream of a quick client waited for %v, where there was no memory for it", waited)
		}
		slow.Wait()
		nothingHeld(t, e)
	})
}

// TestSlowShortStreams: short streams too are stopped while others wait.
func TestSlowShortStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := engine(t, dedupe.Options{Store: store.NewMemory(), WorkBytes: gatewayWork})
		var slow sync.WaitGroup
		for range 30 {
			slow.Go(func() {
				if _, err := newTrickle(t, 64<<10, 0, 100).store(e, true); err != nil && !errors.Is(err, errStop) {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if took, err := newTrickle(t, 1<<10, 1<<10, 0).store(e, true); err != nil || took > patience {
			t.Errorf("stream of a quick client: %v, after %v", err, took)
		}
		slow.Wait()
		nothingHeld(t, e)
	})
}

// TestMemoryOfASlowStream: the memory to do several things at once is for streams
// whose clients are quick from the start, and a slow one is stored whole with less.
func TestMemoryOfASlowStream(t *testing.T) {
	for _, c := range []struct {
		burst, rate int
		want        int64
	}{
		{0, 100 << 10, 1 << 20},
		{300 << 10, 100 << 10, 1<<20 + 2304<<10},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := engine(t, dedupe.Options{Store: store.NewMemory(), WorkBytes: gatewayWork})
			client := newTrickle(t, 2<<20, c.burst, c.rate)
			data := bytes.Clone(client.data)
			var all sync.WaitGroup
			all.Go(func() {
				sc := scope
				sc.Stop = client.stop
				r, err := e.Store(t.Context(), sc, client)
				if err != nil {
					t.Error(err)
				}
				check(t, e, r.Recipe, data)
			})
			time.Sleep(5*time.Second + time.Second/2)
			if used := e.Stats().Streams.Used; used != c.want {
				t.Errorf("after a burst of %d bytes it holds %d bytes, want %d", c.burst, used, c.want)
			}
			all.Wait()
			nothingHeld(t, e)
		})
	}
}
