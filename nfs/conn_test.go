package nfs

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// The library gets call after call, each whole and in one Read, and the client
// one reply to each, in its order.
func TestCallsOneByOne(t *testing.T) {
	h := opaqueBytes(make([]byte, 60))
	rapid.Check(t, func(t *rapid.T) {
		client, server := net.Pipe()
		l := serveLibrary(server, connOptions{}, 1, 2, 3, 4)
		var stream []byte
		var want [][]byte
		n := rapid.IntRange(1, 20).Draw(t, "calls")
		piece := rapid.IntRange(1, 200).Draw(t, "bytes of a write")
		for i := range n {
			record := callBytes(uint32(i), nfsProgram, 3, 1, h...)
			if rapid.Bool().Draw(t, "answered without the library") {
				record = callBytes(uint32(i), nfsProgram, 3, 0)
			} else {
				redirected := bytes.Clone(record)
				redirect(redirected)
				want = append(want, redirected)
			}
			stream = append(stream, fragments(record, rapid.IntRange(1, 5).Draw(t, "fragments"))...)
		}
		go func() {
			for b := stream; len(b) > 0; b = b[min(piece, len(b)):] {
				if _, err := client.Write(b[:min(piece, len(b))]); err != nil {
					return
				}
			}
		}()
		for i := range n {
			reply, err := receiveReply(client)
			if err != nil || !bytes.HasPrefix(reply, words(uint32(i), rpcReply)) {
				t.Fatalf("reply %d is %x, %v", i, reply, err)
			}
		}
		if err := client.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-l.done; !errors.Is(err, io.EOF) {
			t.Errorf("the library was told %v, want io.EOF", err)
		}
		if got := bytes.Join(l.taken, nil); !bytes.Equal(got, bytes.Join(want, nil)) {
			t.Errorf("the library got %x, want %x", got, want)
		}
	})
}

// What would write is refused, with as many words as the results have.
func TestWritingIsRefused(t *testing.T) {
	client, l := served(t, connOptions{})
	attributes := map[uint32]int{2: 2, 7: 2, 8: 2, 9: 2, 10: 2, 11: 2, 12: 2, 13: 2, 14: 4, 15: 3, 21: 2}
	for number, absent := range attributes {
		got := exchange(t, client, marked(callBytes(5, nfsProgram, 3, number, make([]byte, 60<<10)...)))
		if want := accepted(5, success, words(append([]uint32{30}, make([]uint32, absent)...)...)...); !bytes.Equal(got, want) {
			t.Errorf("procedure %d is answered %x, want %x", number, got, want)
		}
	}
	if len(l.taken) != 0 {
		t.Errorf("the library got %x", l.taken)
	}
}

func TestMountProcedures(t *testing.T) {
	var listing error
	o := connOptions{Exports: func() ([]string, error) { return []string{"/", "/maps"}, listing }}
	client, _ := served(t, o)
	exports := concat(words(1), opaqueBytes([]byte("/")), words(0), words(1), opaqueBytes([]byte("/maps")), words(0), words(0))
	for _, version := range []uint32{1, 2, 3} {
		for number, want := range map[uint32][]byte{0: nil, 2: words(0), 3: nil, 4: nil, 5: exports} {
			got := exchange(t, client, marked(callBytes(9, mountProgram, version, number, opaqueBytes([]byte("/maps"))...)))
			if !bytes.Equal(got, accepted(9, success, want...)) {
				t.Errorf("version %d, procedure %d: answered %x, want %x", version, number, got, accepted(9, success, want...))
			}
		}
	}
	listing = errors.New("store is away")
	if got := exchange(t, client, marked(callBytes(9, mountProgram, 3, 5))); !bytes.Equal(got, accepted(9, systemError)) {
		t.Errorf("without a store, EXPORT is answered %x, want a system error", got)
	}
}

// TestDeadlines sees to what a client may do how long.
func TestDeadlines(t *testing.T) {
	record := marked(callBytes(1, nfsProgram, 3, 1, opaqueBytes(make([]byte, 60))...))
	for _, c := range []struct {
		name string
		sent []byte
		want time.Duration
	}{
		{"silence", nil, idleFor},
		{"part of a mark", record[:2], recordWithin},
		{"part of a record", record[:50], recordWithin},
		{"no taking of the reply", record, writeWithin},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				began := time.Now()
				l := serveLibrary(server, connOptions{})
				if _, err := client.Write(c.sent); err != nil {
					t.Fatal(err)
				}
				err := <-l.done
				if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took != c.want {
					t.Errorf("the library was told %v after %v, want a deadline after %v", err, took, c.want)
				}
				if _, err := client.Write([]byte{0}); err == nil {
					t.Error("the connection is still open")
				}
			})
		})
	}
}

// What cannot be followed ends the connection, and is counted.
func TestErrorsEndConnections(t *testing.T) {
	for _, sent := range [][]byte{
		append(words(1<<30|lastFragment), make([]byte, 44)...),
		marked(words(1, rpcReply, 0, 0, 0, 0, 0, 0, 0, 0)),
		marked([]byte("GET / HTTP/1.1\r\n")),
	} {
		var seen []string
		client, server := net.Pipe()
		l := serveLibrary(server, connOptions{Observe: func(p string, _ time.Duration) { seen = append(seen, p) }})
		go func() { _, _ = client.Write(sent) }() // its end is not waited for by who closes
		if n, err := client.Read(make([]byte, 1)); err == nil {
			t.Errorf("%x is answered with %d bytes", sent, n)
		}
		if err := <-l.done; !errors.Is(err, errRecord) {
			t.Errorf("the library was told %v of %x, want errRecord", err, sent)
		}
		if len(seen) != 1 || seen[0] != rejected {
			t.Errorf("observed of %x: %q, want %q", sent, seen, rejected)
		}
	}
}

// Each call that was answered is observed once, by its name.
func TestCallsAreObserved(t *testing.T) {
	var seen []string
	client, server := net.Pipe()
	l := serveLibrary(server, connOptions{Observe: func(p string, _ time.Duration) { seen = append(seen, p) }})
	h := opaqueBytes(make([]byte, 60))
	for _, record := range [][]byte{
		callBytes(1, nfsProgram, 3, 1, h...), callBytes(2, nfsProgram, 3, 0), callBytes(3, nfsProgram, 3, 99),
		callBytes(4, mountProgram, 3, 1, opaqueBytes([]byte("/"))...), callBytes(5, nfsProgram, 3, 7),
	} {
		exchange(t, client, marked(record))
	}
	_ = client.Close()
	<-l.done //nolint:errcheck // the client has closed it
	want := []string{"nfs.getattr", "nfs.null", rejected, "mount.mnt", "nfs.write"}
	if len(seen) != len(want) {
		t.Fatalf("observed %q, want %q", seen, want)
	}
	for i := range want {
		if seen[i] != want[i] {
			t.Errorf("observed %q, want %q", seen, want)
		}
	}
}
