package s3api

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"aetherfs/internal/incoming"
)

// timed is a connection that remembers its deadlines.
type timed struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (c *timed) SetReadDeadline(t time.Time) error {
	c.read = t
	return nil
}

func (c *timed) SetWriteDeadline(t time.Time) error {
	c.write = t
	return nil
}

// A connection outlives its requests: no deadline is left on it but the one
// that net/http replaces, and none while a body that is read is worked on.
func TestDeadlines(t *testing.T) {
	now := time.Unix(1e9, 0)
	s := New(Options{Now: func() time.Time { return now }}).(*server)
	conn := &timed{ResponseRecorder: httptest.NewRecorder()}
	q := s.open(conn, httptest.NewRequest("PUT", "http://s3.example/b/k", io.MultiReader(strings.NewReader("da"), strings.NewReader("ta"))))

	piece := make([]byte, 10)
	if n, err := q.r.Body.Read(piece); n != 2 || err != nil || !conn.read.Equal(now.Add(incoming.IdleTimeout)) {
		t.Errorf("read %d, %v, deadline %v", n, err, conn.read)
	}
	if data, err := io.ReadAll(q.r.Body); string(data) != "ta" || err != nil || !conn.read.IsZero() {
		t.Errorf("read %q, %v, deadline %v", data, err, conn.read)
	}
	if _, err := q.w.Write([]byte("answer")); err != nil || !conn.write.Equal(now.Add(incoming.IdleTimeout)) {
		t.Errorf("written: %v, deadline %v", err, conn.write)
	}
	q.close()
	if !conn.write.IsZero() || !conn.Flushed {
		t.Errorf("in the end the deadline is %v, flushed %v", conn.write, conn.Flushed)
	}
}

// What was not read of a body is awaited for so long and no longer.
func TestDeadlineOfUnreadBody(t *testing.T) {
	now := time.Unix(1e9, 0)
	s := New(Options{Now: func() time.Time { return now }}).(*server)
	for body, want := range map[string]time.Time{"": {}, "data": now.Add(incoming.IdleTimeout)} {
		conn := &timed{ResponseRecorder: httptest.NewRecorder()}
		q := s.open(conn, httptest.NewRequest("PUT", "http://s3.example/b/k", strings.NewReader(body)))
		q.close()
		if !conn.read.Equal(want) {
			t.Errorf("body %q: deadline %v, want %v", body, conn.read, want)
		}
	}
}
