package nfs

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	maxConns        = 1024 // at a time
	maxConnsAddress = 64   // of them from one address

	// maxReplies bounds what clients may leave untaken of their replies, all of
	// them together; maxConns of them have 256 KiB each.
	maxReplies = 256 << 20 // bytes

	// acceptAgain is how long to wait when the system has no connection to
	// give, as when there are too many open files.
	acceptAgain = 100 * time.Millisecond
)

// listener lets in whom Access allows, as many as there is room for, and closes
// the door on all others without a word.
type listener struct {
	net.Listener
	access  Access
	options connOptions
	closed  chan struct{}
	running sync.WaitGroup // the connections that the library has

	mu      sync.Mutex
	conns   map[*conn]netip.Addr // guarded by mu; nil when closed
	address map[netip.Addr]int   // connections of each, guarded by mu
}

// newListener returns the listener that the library is to have in place of raw.
func newListener(raw net.Listener, a Access, o connOptions) *listener {
	return &listener{
		Listener: raw, access: a, options: o, closed: make(chan struct{}),
		conns: map[*conn]netip.Addr{}, address: map[netip.Addr]int{},
	}
}

// Accept returns the next connection that was let in. Its only error is
// net.ErrClosed.
func (l *listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		if err != nil {
			l.pause()
			continue
		}
		if c := l.admit(raw); c != nil {
			return c, nil
		}
		_ = raw.Close() // it was never used
	}
}

func (l *listener) pause() {
	again := time.NewTimer(acceptAgain)
	defer again.Stop()
	select {
	case <-again.C:
	case <-l.closed:
	}
}

// admit returns the connection to hand over, or nil if there is none to be.
func (l *listener) admit(raw net.Conn) *conn {
	remote, ok := raw.RemoteAddr().(*net.TCPAddr)
	if !ok || !l.access.Allows(remote.AddrPort()) {
		return nil
	}
	from := remote.AddrPort().Addr().Unmap()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns == nil || len(l.conns) >= maxConns || l.address[from] >= maxConnsAddress {
		return nil
	}
	var c *conn
	c = newConn(raw, l.options, func() { l.leave(c) })
	l.conns[c] = from
	l.address[from]++
	l.running.Add(1)
	return c
}

// share is how many bytes a reply may carry, in whole blocks, while so many are
// connected.
func (l *listener) share() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return min(maxCountBytes, maxReplies/max(1, len(l.conns))&^(blockBytes-1))
}

func (l *listener) leave(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.running.Done()
	from, ok := l.conns[c]
	if !ok {
		return // all were forgotten by Close
	}
	delete(l.conns, c)
	if l.address[from]--; l.address[from] == 0 {
		delete(l.address, from)
	}
}

// Close ends all connections and waits until the library is done with them.
func (l *listener) Close() error {
	err := l.Listener.Close()
	l.mu.Lock()
	conns := l.conns
	if conns != nil {
		close(l.closed)
	}
	l.conns = nil
	l.mu.Unlock()
	for c := range conns {
		c.sever()
	}
	l.running.Wait()
	return err
}
