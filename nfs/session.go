package nfs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"time"

	gonfs "github.com/willscott/go-nfs"
)

// session is a connection as the library's handler knows it.
type session struct {
	gonfs.Handler // nil: none of the library's own procedures is ever called

	view *view
	conn *conn
}

// run starts to serve the connection. The library closes it at the end.
func (s *session) run(ctx context.Context) {
	server := &gonfs.Server{Handler: s, Context: ctx, ID: [8]byte{1}}
	_ = server.Serve(&onlyConn{Listener: noListener{}, conn: s.conn}) // it accepts one
}

// onlyConn is a listener with one connection.
type onlyConn struct {
	net.Listener
	conn net.Conn // nil once it was accepted
}

func (l *onlyConn) Accept() (net.Conn, error) {
	c := l.conn
	if l.conn = nil; c == nil {
		return nil, net.ErrClosed
	}
	return c, nil
}

type noListener struct{ net.Listener }

func (noListener) Close() error { return nil }

// How long an operation is tried while the store does not answer: half of the
// minute after which Linux sends a call again.
const (
	patience     = 30 * time.Second
	firstPause   = 100 * time.Millisecond
	longestPause = 3 * time.Second
)

// results runs the operation that the connection is asked for. An error ends
// the connection: there is nothing to tell that would be true.
func (s *session) results(ctx context.Context) (results encoder, err error) {
	asked := s.conn.asked
	defer s.view.recovered(ctx, asked.procedure.name, &err)
	op := operations[asked.program][asked.number]
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		results, err = op.run(s.view, ctx, &fields{rest: asked.args})
		status, ok := statusOf(err)
		switch {
		case err == nil:
			return results, nil
		case ok:
			return failure(status, op.missing), nil
		case errors.Is(err, errGarbage) || !wait(ctx, pause):
			s.view.log.WarnContext(ctx, "nfs connection ended", "procedure", asked.procedure.name, "error", err)
			return nil, err
		}
	}
}

// recovered, deferred, makes an error of a panic: it ends a call, and not the
// process.
func (v *view) recovered(ctx context.Context, procedure string, err *error) {
	if p := recover(); p != nil {
		v.log.ErrorContext(ctx, "panic", "procedure", procedure, "value", p, "stack", string(debug.Stack()))
		*err = fmt.Errorf("%s: panic: %v", procedure, p)
	}
}

// failure is the results of an operation that has failed.
func failure(status gonfs.NFSStatus, missing int) encoder {
	return append(encoder(words(uint32(status))), make([]byte, 4*missing)...)
}

// wait returns true after a time, or false when ctx has ended.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
