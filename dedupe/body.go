package dedupe

import (
	"io"
	"sync"
	"time"

	"aetherfs/internal/memory"
)

// While others wait for memory, a client that sends less than paceBytes in
// paceSeconds loses its stream. Those 2 KiB/s are what a slow client of a
// download has to take too.
const (
	paceBytes   = 64 << 10
	paceSeconds = 30
)

// body is what a stream is read from. While it waits for the client of a stream
// that can be stopped, it looks each second how that is doing.
type body struct {
	r    io.Reader
	stop func()         // Scope.Stop
	held *memory.Budget // that the stream took its memory from

	mu      sync.Mutex
	look    *time.Timer // nil before the first fill
	waiting bool        // for the client
	dawdled bool        // some fill took longer than a second
	late    int         // seconds of waiting, since paceBytes have come
	came    int         // bytes, since then
}

// fill reads until p is full or the stream is at its end, which it reports. An
// error that merely wraps io.EOF is an error. The stream is not stopped after
// that.
func (b *body) fill(p []byte) (n int, ended bool, err error) {
	b.wait()
	defer b.done()
	for n < len(p) {
		read, err := b.r.Read(p[n:])
		n += read
		if err == io.EOF {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
		b.take(read)
	}
	return n, false, nil
}

// wait begins to look at the client.
func (b *body) wait() {
	if b.stop == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = true
	if b.look == nil {
		b.look = time.AfterFunc(time.Second, b.second)
	} else {
		b.look.Reset(time.Second)
	}
}

// done ends that: second does nothing any more.
func (b *body) done() {
	if b.stop == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = false
	b.look.Stop()
}

// take counts n bytes that came.
func (b *body) take(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.came += n; b.came >= paceBytes {
		b.came, b.late = 0, 0
	}
}

// second is called when another second was waited.
func (b *body) second() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.waiting {
		return
	}
	b.dawdled = true
	if b.late++; b.late >= paceSeconds && b.held.Wanted() {
		b.stop()
		return
	}
	b.look.Reset(time.Second)
}

// quick reports whether the client has kept no fill waiting for a second so far.
func (b *body) quick() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.dawdled
}
