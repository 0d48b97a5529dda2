package nfs

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	// recordWithin is how long the rest of a record may take that has begun.
	recordWithin = 10 * time.Second

	// idleFor is how long a client may say nothing. Linux closes after five
	// minutes, and comes back when it needs to.
	idleFor = 10 * time.Minute

	// writeWithin is how long a client may leave part of a reply untaken.
	writeWithin = time.Minute
)

// connOptions are those of a connection. The zero value works.
type connOptions struct {
	// Exports lists the paths that can be mounted.
	Exports func() ([]string, error)

	// Observe is told of each call that was answered, from any goroutine. What
	// clients may not call is "rejected".
	Observe func(procedure string, took time.Duration)

	Now func() time.Time // nil: time.Now
}

const rejected = "rejected"

// conn stands between a client and the library and hands over one call at a
// time: whole, bounded and known to be well formed, in one Read; the next one
// only when the reply to it has been written. It answers all others itself.
//
// An error in either direction ends the connection, which the library would
// leave open. Read and Write are each for one goroutine; Close for any.
type conn struct {
	net.Conn
	connOptions
	in *bufio.Reader

	// Of Read.
	rest    []byte // of the record that the library is taking
	current string // procedure that the library is at; "" if it is at none
	asked   call   // that it is at, to be seen by its handler
	began   time.Time

	// Of Write.
	mark   []byte // what there is of the mark of a reply
	unsent int    // bytes of the reply behind its mark

	replied chan struct{} // yields once for each reply that was written whole
	severed chan struct{} // closed with the connection
	sever   func()
	end     func() // called once the library has nothing more to do with it
}

// newConn returns the connection that the library is to have in place of raw.
// It calls ended once, when the library closes it.
func newConn(raw net.Conn, o connOptions, ended func()) *conn {
	if o.Observe == nil {
		o.Observe = func(string, time.Duration) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	c := &conn{
		Conn: raw, connOptions: o, in: bufio.NewReader(raw),
		replied: make(chan struct{}, 1), severed: make(chan struct{}), end: sync.OnceFunc(ended),
	}
	c.sever = sync.OnceFunc(func() {
		close(c.severed)
		_ = raw.Close() // it was of no use any more
	})
	return c
}

// Close ends the connection, for the library.
func (c *conn) Close() error {
	c.sever()
	c.end()
	return nil
}

// Read yields the records of calls, with their marks, and never bytes of two.
func (c *conn) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		if err := c.next(); err != nil {
			if errors.Is(err, errRecord) {
				c.Observe(rejected, 0)
			}
			_ = c.Close() // never fails
			return 0, err
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// next receives the next call for the library. It returns io.EOF where the
// client has closed the connection between two.
func (c *conn) next() error {
	if err := c.awaitReply(); err != nil {
		return err
	}
	for {
		record, err := c.receive()
		if err != nil {
			return err
		}
		c.began = c.Now()
		call, reply, err := parseCall(record)
		if err != nil {
			return err
		}
		name := rejected
		if reply == nil {
			name, reply = call.procedure.name, c.answer(call)
		}
		if reply == nil {
			redirect(call.record)
			c.current, c.asked, c.rest = name, call, marked(call.record)
			return nil
		}
		if err := c.write(marked(reply)); err != nil {
			return err
		}
		c.Observe(name, c.Now().Sub(c.began))
	}
}

// awaitReply waits until the library has answered the last call. So it never
// has more than one reply to write, which it would wait for without end once
// writing has failed.
func (c *conn) awaitReply() error {
	if c.current == "" {
		return nil
	}
	select {
	case <-c.replied:
	case <-c.severed:
		return net.ErrClosed
	}
	c.Observe(c.current, c.Now().Sub(c.began))
	c.current = ""
	return nil
}

// receive reads a record within its time. Where no deadline can be set, reading
// fails as well.
func (c *conn) receive() ([]byte, error) {
	_ = c.SetReadDeadline(c.Now().Add(idleFor))
	if _, err := c.in.Peek(1); err != nil {
		return nil, err
	}
	_ = c.SetReadDeadline(c.Now().Add(recordWithin))
	return readRecord(c.in)
}

// answer returns the reply to a call that needs no library, or nil.
func (c *conn) answer(call call) []byte {
	if call.procedure.answer == nil {
		return nil
	}
	results, err := call.procedure.answer(&c.connOptions)
	if err != nil {
		return accepted(call.xid, systemError)
	}
	return accepted(call.xid, success, results...)
}

// Write sends what the library answers.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.write(p); err != nil {
		return 0, err
	}
	c.account(p)
	return len(p), nil
}

func (c *conn) write(p []byte) error {
	err := c.SetWriteDeadline(c.Now().Add(writeWithin))
	if err == nil {
		_, err = c.Conn.Write(p)
	}
	if err != nil {
		c.sever()
		return fmt.Errorf("write reply: %w", err)
	}
	return nil
}

// account follows the marks of what was sent, to see where a reply ends.
func (c *conn) account(p []byte) {
	for len(p) > 0 {
		if c.unsent == 0 {
			n := min(len(p), markBytes-len(c.mark))
			c.mark, p = append(c.mark, p[:n]...), p[n:]
			if len(c.mark) == markBytes {
				c.unsent, c.mark = int(binary.BigEndian.Uint32(c.mark)&^lastFragment), c.mark[:0]
			}
			continue
		}
		n := min(len(p), c.unsent)
		c.unsent, p = c.unsent-n, p[n:]
		if c.unsent == 0 {
			select {
			case c.replied <- struct{}{}:
			default: // nobody asked: Read will find out by the next call
			}
		}
	}
}
