package dedupe_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"aetherfs/dedupe"
	"aetherfs/internal/lanes"
	"aetherfs/internal/store"
)

// little is memory for one or two streams, and for the least of a few reads.
const little = 4 << 20

// nothingHeld is called when all streams and readers have ended.
func nothingHeld(t *testing.T, e *dedupe.Engine) {
	t.Helper()
	s := e.Stats()
	if s.Streams.Used != 0 || s.Streams.Waiting != 0 || s.Reads.Used != 0 || s.Reads.Waiting != 0 {
		t.Errorf("at the end streams hold %+v and reads %+v, want nothing", s.Streams, s.Reads)
	}
}

// TestManyStreamsInLittleMemory: they wait for each other and all come through.
func TestManyStreamsInLittleMemory(t *testing.T) {
	e := engine(t, dedupe.Options{Store: store.NewMemory(), WorkBytes: little, BlockMemory: little})
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() {
			data := noise(uint64(i), 100<<10*i)
			var copied bytes.Buffer
			sum := lanes.NewMD5()
			r, err := e.Store(t.Context(), scope, bytes.NewReader(data), sum, &copied)
			if err != nil {
				t.Errorf("stream %d: %v", i, err)
			}
			if want := md5.Sum(data); !bytes.Equal(sum.MD5(), want[:]) {
				t.Errorf("stream %d: MD5 %x, want %x", i, sum.MD5(), want)
			}
			if !bytes.Equal(copied.Bytes(), data) {
				t.Errorf("stream %d: what is written beside differs", i)
			}
			if r.Size != int64(len(data)) {
				t.Errorf("stream %d: %d bytes stored, want %d", i, r.Size, len(data))
			}
		})
	}
	all.Wait()
	nothingHeld(t, e)
}

// untouched fails a test that reads from it.
type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("a stream without memory was read from")
	return 0, io.EOF
}

// TestMemoryBeforeTheFirstByte: while a client dawdles with all there is, the next one's
// body is not read, and giving up waiting leaves nothing behind.
func TestMemoryBeforeTheFirstByte(t *testing.T) {
	e := engine(t, dedupe.Options{Store: store.NewMemory(), WorkBytes: 1 << 20})
	body, client := io.Pipe()
	first := make(chan error, 1)
	go func() {
		_, err := e.Store(t.Context(), scope, body)
		first <- err
	}()
	if _, err := client.Write([]byte("x")); err != nil { // it is being read, so it has its memory
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error, 1)
	go func() {
		_, err := e.Store(ctx, scope, untouched{t})
		second <- err
	}()
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("a stream that gave up: %v", err)
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
	nothingHeld(t, e)
}

// slowWriter takes what it is given once go is closed.
type slowWriter struct {
	got     bytes.Buffer
	started chan<- struct{}
	once    sync.Once
	goOn    <-chan struct{}
}

func (w *slowWriter) Write(p []byte) (int, error) {
	w.once.Do(func() { w.started <- struct{}{} })
	<-w.goOn
	return w.got.Write(p)
}

// TestSlowReadersYield: clients that take nothing do not keep others from
// reading, and get their bytes when they come back.
func TestSlowReadersYield(t *testing.T) {
	const clients = 16
	for _, verify := range []dedupe.Verify{dedupe.ByDigest, dedupe.ByCRC} {
		t.Run(fmt.Sprint(verify), func(t *testing.T) {
			memory := store.NewMemory()
			e := engine(t, dedupe.Options{Store: memory, WorkBytes: little, CacheBytes: 1 << 20, Verify: verify})
			data := noise(1, 6<<20)
			recipe := put(t, e, scope, data).Recipe
			read := func(w io.Writer, off int64) {
				body := e.Open(t.Context(), scope.Pool, recipe).Stream(off, int64(len(data))-off)
				defer body.Close()
				if _, err := io.Copy(w, body); err != nil {
					t.Error(err)
				}
			}
			started, goOn := make(chan struct{}), make(chan struct{})
			var slow sync.WaitGroup
			for c := range clients {
				slow.Go(func() {
					w := &slowWriter{started: started, goOn: goOn}
					off := int64(c) << 18
					read(w, off)
					if !bytes.Equal(w.got.Bytes(), data[off:]) {
						t.Errorf("slow reader from %d got other bytes", off)
					}
				})
			}
			for range clients {
				<-started
			}
			abandoned := e.Open(t.Context(), scope.Pool, recipe).Stream(0, int64(len(data))) // of a reader that never comes back
			if _, err := io.ReadFull(abandoned, make([]byte, 1)); err != nil {
				t.Error(err)
			}
			for range 2 {
				var w bytes.Buffer
				read(&w, 0)
				if !bytes.Equal(w.Bytes(), data) {
					t.Error("quick reader got other bytes")
				}
			}
			close(goOn)
			slow.Wait()
			_ = abandoned.Close()
			nothingHeld(t, e)
		})
	}
}
