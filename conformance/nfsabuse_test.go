package conformance

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"
)

// TestNFSPipelined sends calls without waiting for replies: none is cut where
// the library's buffer ends.
func TestNFSPipelined(t *testing.T) {
	const calls = 2000
	g := newNFSGateway(t)
	nfsTree(t, g, "maps")
	c, root := g.mounted(t, "/maps/v1")
	var stream bytes.Buffer
	before := c.xid
	for range calls {
		stream.Write(c.record(nfsProgram, 1, xdrOpaque(root)))
	}
	sent := make(chan error, 1)
	go func() {
		_, err := c.conn.Write(stream.Bytes())
		sent <- err
	}()
	for i := range uint32(calls) {
		r, err := c.receive(before + 1 + i)
		if err != nil {
			t.Fatal(err)
		}
		if status := nfsStatus(r.word()); status != 0 {
			t.Errorf("call %d: %v", i, status)
		}
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

// TestNFSAbuse sends what no client sends. The gateway goes on to serve others,
// in the memory that it had.
func TestNFSAbuse(t *testing.T) {
	const more = 128 << 20 // bytes that the gateway may take on top
	g := newNFSGateway(t)
	want := nfsTree(t, g, "maps")
	before := g.peakMemory(t)
	random := rand.New(rand.NewPCG(newSeed(t), 1))
	frames := map[string]func() []byte{
		"48 bytes announce 1 GiB": func() []byte { return append(xdrWords(1<<31|1<<30), make([]byte, 44)...) },
		"a handle of 1 GiB": func() []byte {
			return (&nfsClient{}).record(nfsProgram, 1, xdrWords(1<<30))
		},
		"a credential of 4 GiB": func() []byte { return xdrWords(1<<31|40, 1, 0, 2, nfsProgram, 3, 1, 1, 1<<32-1, 0, 0) },
		"a read of 4 GiB": func() []byte {
			return (&nfsClient{}).record(nfsProgram, 6, append(xdrOpaque(nfsHandle(make([]byte, 60))), xdrWords(0, 0, 1<<32-1)...))
		},
		"noise": func() []byte { return noise(random) },
		"noise in a record": func() []byte {
			n := noise(random)
			return append(xdrWords(1<<31|uint32(len(n))), n...)
		},
		"noise for arguments": func() []byte {
			return (&nfsClient{}).record(nfsProgram, random.Uint32N(22), noise(random))
		},
	}
	for name, frame := range frames {
		for range 200 {
			poke(t, g.address, frame())
		}
		if peak := g.peakMemory(t); peak > before+more {
			t.Errorf("%s: the gateway has taken %d bytes, want at most %d", name, peak-before, more)
		}
	}
	c, root := g.mounted(t, "/maps/v1")
	files, err := c.walk(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.sums(files)
	if err == nil {
		err = differ(got, want)
	}
	if err != nil {
		t.Error(err)
	}
}

// noise is up to 300 bytes at random.
func noise(random *rand.Rand) []byte {
	b := make([]byte, random.IntN(300))
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// poke sends bytes and takes what comes until the connection ends.
func poke(t *testing.T, address string, sent []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(sent); err != nil {
		return // it was closed already
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	_ = conn.SetReadDeadline(time.Now().Add(nfsCallWithin))
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%x keeps the connection open", sent)
	}
}

// TestNFSManyConnections opens 10,000 connections that say nothing. As many are
// kept as the gateway has room for, and others find it in working order.
func TestNFSManyConnections(t *testing.T) {
	const (
		connections = 10_000
		room        = 1024 // in all
		more        = 64 << 20
	)
	g := newNFSGateway(t)
	nfsTree(t, g, "maps")
	before := g.peakMemory(t)
	for i := range connections {
		from := netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)})
		dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))}
		conn, err := dialer.Dial("tcp", g.address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i == connections-room {
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				t.Error("a connection beyond the limit is answered")
			}
		}
	}
	if peak := g.peakMemory(t); peak > before+more {
		t.Errorf("%d connections take %d bytes, want at most %d", connections, peak-before, more)
	}
	if _, err := newMinio(t, g.endpoint).BucketExists(t.Context(), "maps"); err != nil {
		t.Errorf("S3 meanwhile: %v", err)
	}
}
