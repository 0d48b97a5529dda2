package nfs

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
)

// What no library may see is answered as RFC 5531 says.
func TestCallsAreRejected(t *testing.T) {
	h := opaqueBytes(make([]byte, 60))
	auth := func(flavour uint32, n int) []byte {
		return concat(words(7, rpcCall, rpcVersion, nfsProgram, 3, 1, flavour), opaqueBytes(make([]byte, n)), words(authNone, 0), h)
	}
	for _, c := range []struct {
		name   string
		record []byte
		want   []byte // nil: none, the call goes to the library
	}{
		{"getattr", callBytes(7, nfsProgram, 3, 1, h...), nil},
		{"rpc version 3", concat(words(7, rpcCall, 3, nfsProgram, 3, 1, 0, 0, 0, 0), h), denied(7, rpcMismatch, 2, 2)},
		{"unix credential", auth(authSys, 400), nil},
		{"long credential", auth(authSys, 401), denied(7, authError, badCredential)},
		{"credential of Kerberos", auth(6, 20), denied(7, authError, badCredential)},
		{"credential beyond the record", words(7, rpcCall, rpcVersion, nfsProgram, 3, 1, authSys, 400), denied(7, authError, badCredential)},
		{"no verifier", words(7, rpcCall, rpcVersion, nfsProgram, 3, 1, 0, 0), denied(7, authError, badVerifier)},
		{"portmapper", callBytes(7, 100000, 2, 3), accepted(7, progUnavailable)},
		{"nfs 2", callBytes(7, nfsProgram, 2, 1, h...), accepted(7, progMismatch, words(3, 3)...)},
		{"nfs 4", callBytes(7, nfsProgram, 4, 1), accepted(7, progMismatch, words(3, 3)...)},
		{"nfs 0", callBytes(7, nfsProgram, 0, 0), accepted(7, progMismatch, words(3, 3)...)},
		{"mount 4", callBytes(7, mountProgram, 4, 0), accepted(7, progMismatch, words(1, 3)...)},
		{"mnt of version 1", callBytes(7, mountProgram, 1, 1, opaqueBytes([]byte("/"))...), accepted(7, progMismatch, words(3, 3)...)},
		{"nfs procedure 22", callBytes(7, nfsProgram, 3, 22), accepted(7, procUnavailable)},
		{"mount procedure 6", callBytes(7, mountProgram, 3, 6), accepted(7, procUnavailable)},
		{"procedure 2^32-1", callBytes(7, nfsProgram, 3, math.MaxUint32), accepted(7, procUnavailable)},
		{"no handle", callBytes(7, nfsProgram, 3, 1), accepted(7, garbageArgs)},
		{"handle of 1 GiB", callBytes(7, nfsProgram, 3, 1, words(1<<30)...), accepted(7, garbageArgs)},
		{"handle of 4 GiB", callBytes(7, nfsProgram, 3, 1, words(math.MaxUint32)...), accepted(7, garbageArgs)},
		{"handle of 65 bytes", callBytes(7, nfsProgram, 3, 1, opaqueBytes(make([]byte, 65))...), accepted(7, garbageArgs)},
		{"path of 1 GiB", callBytes(7, mountProgram, 3, 1, words(1<<30)...), accepted(7, garbageArgs)},
		{"name without its padding", callBytes(7, nfsProgram, 3, 3, concat(h, words(1), []byte("a"))...), accepted(7, garbageArgs)},
		{"name of 255", callBytes(7, nfsProgram, 3, 3, concat(h, opaqueBytes(make([]byte, 255)))...), nil},
		{"name of 256", callBytes(7, nfsProgram, 3, 3, concat(h, opaqueBytes(make([]byte, 256)))...), accepted(7, success, words(63, 0)...)},
	} {
		call, reply, err := parseCall(c.record)
		if err != nil || !bytes.Equal(reply, c.want) {
			t.Errorf("%s: reply %x, %v, want %x", c.name, reply, err, c.want)
		}
		if reply == nil && !bytes.Equal(call.record, c.record) {
			t.Errorf("%s: handed over is %x, want %x", c.name, call.record, c.record)
		}
	}
}

// What is no call has no answer.
func TestNoCalls(t *testing.T) {
	whole := callBytes(7, nfsProgram, 3, 0)
	for _, record := range [][]byte{nil, whole[:3], whole[:23], words(7, rpcReply, 2, nfsProgram, 3, 0, 0, 0, 0, 0)} {
		if _, reply, err := parseCall(record); err == nil {
			t.Errorf("record %x has the reply %x, want an error", record, reply)
		}
	}
}

// What a client asks for is lowered to what the library can bear, and what it
// sends behind the arguments is left out.
func TestCallsAreBounded(t *testing.T) {
	h := opaqueBytes(make([]byte, 60))
	long := func(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
	for _, c := range []struct {
		name      string
		number    uint32
		args, got []byte
	}{
		{"read", 6, concat(h, long(5), words(10)), concat(h, long(5), words(10))},
		{"read of 4 GiB", 6, concat(h, long(0), words(math.MaxUint32)), concat(h, long(0), words(maxCountBytes))},
		{"read at the end of time", 6, concat(h, long(1<<63), words(1)), concat(h, long(maxOffset), words(1))},
		{"readdir", 16, concat(h, long(1), long(2), words(1<<30)), concat(h, long(1), long(2), words(maxCountBytes))},
		{"readdirplus", 17, concat(h, long(1), long(2), words(1<<30, 1<<31)), concat(h, long(1), long(2), words(maxCountBytes, maxCountBytes))},
		{"more behind", 1, concat(h, make([]byte, 5000)), h},
	} {
		call, reply, err := parseCall(callBytes(7, nfsProgram, 3, c.number, c.args...))
		if want := callBytes(7, nfsProgram, 3, c.number, c.got...); err != nil || reply != nil || !bytes.Equal(call.record, want) {
			t.Errorf("%s: handed over is %x, %x, %v, want %x", c.name, call.record, reply, err, want)
		}
	}
}

// TestLiesAboutLengths puts lengths that lie into each word of each call that
// the library answers.
func TestLiesAboutLengths(t *testing.T) {
	args := concat(opaqueBytes(make([]byte, 60)), opaqueBytes([]byte("name")), make([]byte, 24))
	for number, p := range procedures[nfsProgram] {
		if p.answer != nil {
			continue
		}
		record := callBytes(7, nfsProgram, 3, uint32(number), args...)
		for at := 24; at < len(record); at += 4 {
			for _, lie := range []uint32{1 << 30, 1 << 31, math.MaxUint32 - 3, math.MaxUint32} {
				lied := slices.Clone(record)
				binary.BigEndian.PutUint32(lied[at:], lie)
				if call, reply, err := parseCall(lied); err == nil && reply == nil {
					checkLengths(t, call)
				}
			}
		}
	}
}

// checkLengths walks what is handed over as the library does, which sets aside
// whatever a length says.
func checkLengths(t *testing.T, c call) {
	t.Helper()
	d := fields{rest: c.record[24:]}
	for range 2 { // credential and verifier
		d.uint32()
		d.opaque(maxAuthBytes)
	}
	if strings.HasPrefix(c.procedure.name, "nfs.") {
		d.opaque(maxHandleBytes)
	} else {
		d.opaque(maxPathBytes)
	}
	if c.procedure.name == "nfs.lookup" {
		d.opaque(maxNameBytes)
	}
	if d.bad {
		t.Errorf("%s handed over with a length that lies: %x", c.procedure.name, c.record)
	}
}

func FuzzCall(f *testing.F) {
	h := opaqueBytes(make([]byte, 60))
	f.Add(callBytes(1, nfsProgram, 3, 3, concat(h, opaqueBytes([]byte("a")))...))
	f.Add(callBytes(1, nfsProgram, 3, 6, concat(h, make([]byte, 12))...))
	f.Add(callBytes(1, nfsProgram, 3, 17, concat(h, make([]byte, 24))...))
	f.Add(callBytes(1, mountProgram, 3, 1, opaqueBytes([]byte("/a"))...))
	f.Add(callBytes(1, mountProgram, 1, 5))
	f.Fuzz(func(t *testing.T, record []byte) {
		c, reply, err := parseCall(record)
		switch {
		case err != nil && reply != nil, len(reply) > 64:
			t.Errorf("reply %x with %v", reply, err)
		case err == nil && reply == nil && c.procedure.answer == nil:
			if len(c.record) > 4096-markBytes {
				t.Errorf("%d bytes handed over: more than the library's buffer", len(c.record))
			}
			checkLengths(t, c)
		}
	})
}
