package incoming_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/incoming"
)

// wire is a server in a bubble, on a connection of which the test is the client.
type wire struct {
	t      *testing.T
	client net.Conn
	in     *bufio.Reader
}

// serve runs f in a bubble in which h answers what comes over w.
func serve(t *testing.T, h func(w http.ResponseWriter, r *http.Request, b *incoming.Body), f func(w *wire)) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		conns := make(chan net.Conn, 1)
		conns <- far
		server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r = r.WithContext(r.Context())
			h(w, r, incoming.New(w, r, time.Now))
		})}
		var running sync.WaitGroup
		l := &listener{conns: conns, closed: make(chan struct{})}
		running.Go(func() { _ = server.Serve(l) })
		f(&wire{t, near, bufio.NewReader(near)})
		_ = near.Close()
		_ = server.Close()
		running.Wait()
	})
}

// listener accepts what is in conns.
type listener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.TCPAddr{} }

func (w *wire) send(text string) {
	w.t.Helper()
	if _, err := io.WriteString(w.client, text); err != nil {
		w.t.Error(err)
	}
}

// answer is the status of the next answer.
func (w *wire) answer() int {
	w.t.Helper()
	r, err := http.ReadResponse(w.in, nil)
	if err != nil {
		w.t.Error(err)
		return 0
	}
	_, err = io.Copy(io.Discard, r.Body)
	if err != nil {
		w.t.Error(err)
	}
	return r.StatusCode
}

const head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"

// readAll reads b, and refuses a client that is late.
func readAll(t *testing.T, w http.ResponseWriter, b *incoming.Body, want string) {
	data, err := io.ReadAll(b)
	if string(data) != want || b.Bytes() != int64(len(want)) {
		t.Errorf("%q came, of %d bytes, want %q", data, b.Bytes(), want)
	}
	if errors.Is(err, incoming.ErrLate) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestTimeout)
	} else if err != nil {
		t.Error(err)
	}
}

// A client that sends nothing is given up after IdleTimeout, and not before.
func TestIdle(t *testing.T) {
	serve(t, func(w http.ResponseWriter, _ *http.Request, b *incoming.Body) { readAll(t, w, b, "da") }, func(w *wire) {
		w.send(head + "d")
		time.Sleep(incoming.IdleTimeout - time.Second)
		w.send("a")
		begun := time.Now()
		if status := w.answer(); status != http.StatusRequestTimeout || time.Since(begun) != incoming.IdleTimeout {
			t.Errorf("answered %d after %v, want %d after %v", status, time.Since(begun), http.StatusRequestTimeout, incoming.IdleTimeout)
		}
	})
}

// A client is given up at once when it is stopped, whether it is read from at
// that moment or not.
func TestStop(t *testing.T) {
	for name, before := range map[string]time.Duration{"while it is read": time.Second, "before it is read": 0} {
		t.Run(name, func(t *testing.T) {
			serve(t, func(w http.ResponseWriter, _ *http.Request, b *incoming.Body) {
				var stopping sync.WaitGroup
				defer stopping.Wait()
				stopping.Go(func() {
					time.Sleep(before)
					b.Stop()
				})
				time.Sleep(time.Second / 2)
				begun := time.Now()
				readAll(t, w, b, "da")
				if took := time.Since(begun); took > time.Second/2 {
					t.Errorf("it was given up after %v", took)
				}
			}, func(w *wire) {
				var sending sync.WaitGroup
				defer sending.Wait()
				sending.Go(func() { _, _ = io.WriteString(w.client, head+"da") })
				if status := w.answer(); status != http.StatusRequestTimeout {
					t.Errorf("answered %d, want %d", status, http.StatusRequestTimeout)
				}
			})
		})
	}
}

// Stop does nothing to a body that was read to its end: the request is not
// cancelled, however long it takes, and the connection serves the next one.
func TestStopAtTheEnd(t *testing.T) {
	serve(t, func(w http.ResponseWriter, r *http.Request, b *incoming.Body) {
		readAll(t, w, b, "data")
		b.Stop()
		b.Await()
		select {
		case <-time.After(2 * incoming.IdleTimeout):
		case <-r.Context().Done():
			t.Error(context.Cause(r.Context()))
		}
	}, func(w *wire) {
		for range 2 {
			w.send(head + "data")
			if status := w.answer(); status != http.StatusOK {
				t.Errorf("answered %d, want %d", status, http.StatusOK)
			}
		}
	})
}
