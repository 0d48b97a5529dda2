package nfs

import (
	"encoding/binary"
	"fmt"
)

// Numbers of RFC 5531, sections 8 and 9.
const (
	rpcVersion = 2
	rpcCall    = 0
	rpcReply   = 1

	acceptedCall = 0
	deniedCall   = 1

	success         = 0
	progUnavailable = 1
	progMismatch    = 2
	procUnavailable = 3
	garbageArgs     = 4
	systemError     = 5

	rpcMismatch   = 0
	authError     = 1
	badCredential = 1
	badVerifier   = 3

	authNone = 0
	authSys  = 1
)

// A call is one that a client made, by the head of its record.
type call struct {
	xid, program, version, number uint32
	procedure                     procedure
	record                        []byte // as far as the arguments go that procedure names
	args                          []byte // of record
}

// parseCall takes a record apart. What a client may not call, or calls with
// arguments that the library must not see, has a reply of its own, and the call
// is to go no further. The error is errRecord where not even that can be said.
func parseCall(record []byte) (c call, reply []byte, err error) {
	f := fields{rest: record}
	c.xid = f.uint32()
	kind, version := f.uint32(), f.uint32()
	c.program, c.version, c.number = f.uint32(), f.uint32(), f.uint32()
	if f.bad || kind != rpcCall {
		return c, nil, fmt.Errorf("record of %d bytes, kind %d, is no call: %w", len(record), kind, errRecord)
	}
	if version != rpcVersion {
		return c, denied(c.xid, rpcMismatch, rpcVersion, rpcVersion), nil
	}
	if flavour := f.auth(); f.bad || flavour != authNone && flavour != authSys {
		return c, denied(c.xid, authError, badCredential), nil
	}
	if f.auth(); f.bad {
		return c, denied(c.xid, authError, badVerifier), nil
	}
	if reply := c.find(); reply != nil {
		return c, reply, nil
	}
	args := len(record) - len(f.rest)
	for _, take := range c.procedure.args {
		take(&f)
	}
	switch {
	case f.bad:
		return c, accepted(c.xid, garbageArgs), nil
	case f.long:
		return c, accepted(c.xid, success, words(statusNameTooLong, 0)...), nil
	}
	c.record = record[:len(record)-len(f.rest)]
	c.args = c.record[args:]
	return c, nil, nil
}

// find looks the procedure up, or returns the reply that says why there is none.
func (c *call) find() (reply []byte) {
	known, ok := procedures[c.program]
	if !ok {
		return accepted(c.xid, progUnavailable)
	}
	if c.version < 1 || c.version > latestVersion {
		return c.mismatch(known[0].since(c.program))
	}
	if uint64(c.number) >= uint64(len(known)) {
		return accepted(c.xid, procUnavailable)
	}
	c.procedure = known[c.number]
	if since := c.procedure.since(c.program); c.version < since {
		return c.mismatch(since)
	}
	return nil
}

// mismatch says which versions there are.
func (c *call) mismatch(lowest uint32) []byte {
	return accepted(c.xid, progMismatch, words(lowest, latestVersion)...)
}

// accepted is the reply to a call that was understood, with its results.
func accepted(xid, status uint32, results ...byte) []byte {
	return append(words(xid, rpcReply, acceptedCall, authNone, 0, status), results...)
}

// denied is the reply to a call that was not even looked at.
func denied(xid, why uint32, details ...uint32) []byte {
	return append(words(xid, rpcReply, deniedCall, why), words(details...)...)
}

func words(numbers ...uint32) []byte {
	b := make([]byte, 0, 4*len(numbers))
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}
