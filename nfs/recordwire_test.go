package nfs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"
)

// callBytes is the record of a call as RFC 5531 has it, without credentials.
func callBytes(xid, program, version, number uint32, args ...byte) []byte {
	return append(words(xid, rpcCall, rpcVersion, program, version, number, authNone, 0, authNone, 0), args...)
}

// opaqueBytes are bytes as XDR lays them out, with their length before.
func opaqueBytes(b []byte) []byte { return appendString(nil, string(b)) }

func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// fragments is a record in so many fragments.
func fragments(record []byte, n int) []byte {
	var out []byte
	for i := range n {
		part := record[i*len(record)/n : (i+1)*len(record)/n]
		m := uint32(len(part))
		if i == n-1 {
			m |= lastFragment
		}
		out = append(binary.BigEndian.AppendUint32(out, m), part...)
	}
	return out
}

// receiveReply reads a reply of one fragment.
func receiveReply(r io.Reader) ([]byte, error) {
	var mark [markBytes]byte
	if _, err := io.ReadFull(r, mark[:]); err != nil {
		return nil, err
	}
	m := binary.BigEndian.Uint32(mark[:])
	if m&lastFragment == 0 {
		return nil, fmt.Errorf("reply in more than one fragment, first mark %#x", m)
	}
	reply := make([]byte, m&^lastFragment)
	_, err := io.ReadFull(r, reply)
	return reply, err
}

// exchange sends bytes and returns the reply to them.
func exchange(t *testing.T, c net.Conn, sent []byte) []byte {
	t.Helper()
	if _, err := c.Write(sent); err != nil {
		t.Fatal(err)
	}
	reply, err := receiveReply(c)
	if err != nil {
		t.Fatalf("reply to %x: %v", sent, err)
	}
	return reply
}

// library stands in for go-nfs: it takes records off a connection, one in a
// Read, keeps them and answers each with the results given.
type library struct {
	taken   [][]byte
	results []byte
	done    chan error
}

// serveLibrary serves raw, behind a conn, until the conn ends.
func serveLibrary(raw net.Conn, o connOptions, results ...byte) *library {
	l := &library{results: results, done: make(chan error, 1)}
	c := newConn(raw, o, func() {})
	go func() { l.done <- l.serve(c) }()
	return l
}

func (l *library) serve(c net.Conn) error {
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return err
		}
		record := bytes.Clone(buf[:n])
		if got, want := binary.BigEndian.Uint32(record), uint32(n-markBytes)|lastFragment; got != want {
			return fmt.Errorf("one Read yields %d bytes with the mark %#x, want %#x", n, got, want)
		}
		l.taken = append(l.taken, record[markBytes:])
		xid := binary.BigEndian.Uint32(record[markBytes:])
		if _, err := c.Write(marked(accepted(xid, success, l.results...))); err != nil {
			return err
		}
	}
}

// served returns both ends of a pipe: the client's, and the library behind a
// conn. The test's end waits for it.
func served(t *testing.T, o connOptions, results ...byte) (net.Conn, *library) {
	t.Helper()
	client, server := net.Pipe()
	l := serveLibrary(server, o, results...)
	t.Cleanup(func() {
		_ = client.Close()
		<-l.done //nolint:errcheck // the client has closed it
	})
	return client, l
}
