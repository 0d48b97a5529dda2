package nfs

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
)

// A door is a listener with libraries behind it, which serve all it lets in.
type door struct {
	*listener
	address string
	served  sync.WaitGroup
}

func openDoor(t *testing.T, a Access) *door {
	t.Helper()
	return openDoorOn(t, a, func(raw net.Listener) net.Listener { return raw })
}

// openDoorOn opens a door on what becomes of a listener of this machine.
func openDoorOn(t *testing.T, a Access, of func(net.Listener) net.Listener) *door {
	t.Helper()
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{listener: newListener(of(raw), a, connOptions{}), address: raw.Addr().String()}
	d.served.Go(func() {
		for {
			c, err := d.Accept()
			if err != nil {
				return
			}
			d.served.Go(func() { _ = new(library).serve(c) }) // until it ends
		}
	})
	t.Cleanup(func() {
		if err := d.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		d.served.Wait()
	})
	return d
}

// dial connects from an address of this machine and reports whether calls are
// answered. The test's end closes what was let in.
func (d *door) dial(t *testing.T, from string) (net.Conn, bool) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 0))}
	c, err := dialer.Dial("tcp", d.address)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Write(marked(callBytes(3, nfsProgram, 3, 0)))
	if err == nil {
		var reply []byte
		if reply, err = receiveReply(c); err == nil && bytes.Equal(reply, accepted(3, success)) {
			t.Cleanup(func() { _ = c.Close() })
			return c, true
		}
	}
	_ = c.Close()
	return nil, false
}

// One address has its share, and what it gives back it may have again.
func TestConnectionsOfAnAddress(t *testing.T) {
	d := openDoor(t, Access{})
	var held net.Conn
	for i := range maxConnsAddress {
		c, ok := d.dial(t, "127.0.0.1")
		if !ok {
			t.Fatalf("connection %d is refused, want %d", i, maxConnsAddress)
		}
		held = c
	}
	if _, ok := d.dial(t, "127.0.0.1"); ok {
		t.Errorf("connection %d of an address is let in", maxConnsAddress)
	}
	if _, ok := d.dial(t, "127.0.0.2"); !ok {
		t.Error("the connection of another address is refused")
	}
	// The library has closed its end when ours is told so.
	if err := held.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := held.Read(make([]byte, 1)); err != nil {
			break
		}
	}
	d.settled(maxConnsAddress) // of 127.0.0.1 one less, and one of 127.0.0.2
	if _, ok := d.dial(t, "127.0.0.1"); !ok {
		t.Error("a connection is refused though one was given back")
	}
}

// settled waits until there are n connections.
func (d *door) settled(n int) {
	for {
		d.mu.Lock()
		now := len(d.conns)
		d.mu.Unlock()
		if now == n {
			return
		}
	}
}

func TestConnectionsInAll(t *testing.T) {
	d := openDoor(t, Access{})
	let := 0
	for i := range maxConns + 50 {
		from := netip.AddrFrom4([4]byte{127, 0, 1, byte(1 + i/maxConnsAddress)})
		if _, ok := d.dial(t, from.String()); ok {
			let++
		}
	}
	if let != maxConns {
		t.Errorf("%d connections are let in, want %d", let, maxConns)
	}
}

// Close ends all connections and comes back when the library is done.
func TestListenerCloses(t *testing.T) {
	d := openDoor(t, Access{})
	c, _ := d.dial(t, "127.0.0.1")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes come out of a closed door", n)
	}
	d.served.Wait()
}

// A stranger is a connection that seems to come from elsewhere.
type stranger struct{ net.Conn }

func (stranger) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 700} }

type strangers struct{ net.Listener }

func (l strangers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return stranger{c}, err
}

// TestStrangers sees to it that nobody is answered whom Access does not name.
func TestStrangers(t *testing.T) {
	for _, c := range []struct {
		access Access
		want   bool
	}{
		{Access{}, false},
		{Access{Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, false},
		{Access{Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, true},
	} {
		d := openDoorOn(t, c.access, func(raw net.Listener) net.Listener { return strangers{raw} })
		if _, got := d.dial(t, "127.0.0.1"); got != c.want {
			t.Errorf("%v lets 192.0.2.1 in: %t, want %t", c.access, got, c.want)
		}
	}
}
