//go:build conformance && bench

package conformance

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// latencyProxy stands between a client and its store, far away: what the client
// sends arrives some time later. What comes back is held up only by the network's
// bandwidth, and is copied in the kernel, so that the proxy costs about the same
// whatever passes.
type latencyProxy struct {
	url       string // http://127.0.0.1:port
	target    string // host:port of the store
	latency   time.Duration
	requests  atomic.Int64
	bandwidth atomic.Int64 // of what comes back in all connections together, bytes/s; 0: no limit

	wg    sync.WaitGroup
	mu    sync.Mutex
	conns map[net.Conn]bool // open ones; nil once the proxy is closed; guarded by mu
	free  time.Time         // when all that was let through has passed; guarded by mu
}

// newLatencyProxy serves until the test ends; target is the URL of the store.
func newLatencyProxy(t *testing.T, target string, latency time.Duration) *latencyProxy {
	t.Helper()
	listener, err := net.Listen("tcp", freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	p := &latencyProxy{
		url: "http://" + listener.Addr().String(), target: strings.TrimPrefix(target, "http://"),
		latency: latency, conns: map[net.Conn]bool{},
	}
	p.wg.Go(func() { p.accept(listener) })
	t.Cleanup(func() {
		listener.Close()
		p.closeAll()
		p.wg.Wait()
	})
	return p
}

func (p *latencyProxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.serve(client) })
	}
}

// serve passes on what goes through one connection.
func (p *latencyProxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	if !p.keep(client, server) {
		return
	}
	defer p.forget(client, server)
	p.wg.Go(func() {
		p.answer(client, server)
		client.Close()
	})
	p.delay(server, client)
}

// netPiece is what passes the network in one piece, bytes.
const netPiece = 256 << 10

// answer passes on what comes back.
func (p *latencyProxy) answer(to io.Writer, from io.Reader) {
	for {
		n, err := io.CopyN(to, from, netPiece)
		p.pass(n)
		if err != nil {
			return
		}
	}
}

// pass waits until n bytes have passed the network.
func (p *latencyProxy) pass(n int64) {
	bandwidth := p.bandwidth.Load()
	if bandwidth == 0 {
		return
	}
	p.mu.Lock()
	if now := time.Now(); p.free.Before(now) {
		p.free = now
	}
	p.free = p.free.Add(time.Duration(n) * time.Second / time.Duration(bandwidth))
	passed := p.free
	p.mu.Unlock()
	time.Sleep(time.Until(passed))
}

// sent is what a client sent at once.
type sent struct {
	data []byte
	due  time.Time // at the store
}

// delay passes on what from sends, each piece when the latency is over.
func (p *latencyProxy) delay(to, from net.Conn) {
	pieces := make(chan sent, 1024)
	p.wg.Go(func() {
		defer close(pieces)
		for {
			piece := make([]byte, 32<<10)
			n, err := from.Read(piece)
			if n > 0 {
				p.requests.Add(int64(bytes.Count(piece[:n], []byte(" HTTP/1.1\r\n"))))
				pieces <- sent{piece[:n], time.Now().Add(p.latency)}
			}
			if err != nil {
				return
			}
		}
	})
	var failed error
	for piece := range pieces {
		if failed == nil {
			time.Sleep(time.Until(piece.due))
			_, failed = to.Write(piece.data)
		}
	}
	if !errors.Is(failed, net.ErrClosed) {
		to.Close()
	}
}

// keep notes open connections; false if the proxy is closed.
func (p *latencyProxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.conns != nil {
			p.conns[c] = true
		}
	}
	return p.conns != nil
}

func (p *latencyProxy) forget(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		delete(p.conns, c)
	}
}

func (p *latencyProxy) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
	p.conns = nil
}
