package s3api_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"aetherfs/internal/auth"
	"aetherfs/s3api"
)

// signAs signs r now, for whatever host it names.
func signAs(r *http.Request) { auth.Sign(r, accessKey, secretKey, region, time.Now()) }

// dial opens a connection to a world without TLS.
func dial(w *world) (net.Conn, error) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.server.URL, "http://"))
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(20 * time.Second)) // or a failure would hang
}

// exchange sends r over a connection of its own and keeps what comes back, as
// it stands on the wire.
func exchange(w *world, r *http.Request, raw *bytes.Buffer) error {
	conn, err := dial(w)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := r.Write(conn); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(io.TeeReader(conn, raw)), r)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// head writes the head of r alone: its body is the caller's to send.
func head(t *testing.T, conn net.Conn, r *http.Request, length int) {
	t.Helper()
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n", r.Method, r.URL.RequestURI(), r.Host, length)
	if err := r.Header.Write(conn); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "\r\n"); err != nil {
		t.Fatal(err)
	}
}

func TestExpectContinue(t *testing.T) {
	w := newWorld(t, false, nil)
	ask := func(wrong bool) (*bufio.Reader, net.Conn, *http.Response) {
		r := w.request(t, "PUT", "/bucket/k", nil, "Expect", "100-continue")
		if wrong {
			auth.Sign(r, accessKey, "wrong", region, time.Now())
		}
		conn, err := dial(w)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		head(t, conn, r, 4)
		in := bufio.NewReader(conn)
		resp, err := http.ReadResponse(in, r)
		if err != nil {
			t.Fatal(err)
		}
		return in, conn, resp
	}
	in, conn, resp := ask(false)
	if resp.StatusCode != http.StatusContinue {
		t.Fatalf("status %d, want 100", resp.StatusCode)
	}
	if _, err := io.WriteString(conn, "data"); err != nil {
		t.Fatal(err)
	}
	if resp, err := http.ReadResponse(in, nil); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("after the body: %v, %v", resp, err)
	}
	if _, _, resp := ask(true); resp.StatusCode != http.StatusForbidden {
		t.Errorf("status %d, want 403 without a 100 before it", resp.StatusCode)
	}
}

// An error does not wait for a large body: the connection ends.
func TestEarlyErrorEndsTheConnection(t *testing.T) {
	w := newWorld(t, false, nil)
	conn, err := dial(w)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := w.request(t, "PUT", "/none/k", nil)
	head(t, conn, r, 1<<30)
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, r)
	if err != nil {
		t.Fatal(err)
	}
	if body := readAll(t, resp.Body); resp.StatusCode != http.StatusNotFound || !resp.Close || !strings.Contains(body, "NoSuchBucket") {
		t.Errorf("status %d, close %v, %s", resp.StatusCode, resp.Close, body)
	}
}

// hasty is a clock by which a deadline of a minute is nearly over.
func hasty(o *s3api.Options) {
	o.Now = func() time.Time { return time.Now().Add(-60*time.Second + 200*time.Millisecond) }
}

// The whole of a body that nobody reads is not awaited for ever, whoever sends
// it: this answer is too long to be held back until the operation has ended.
func TestUnreadBodyIsCutOff(t *testing.T) {
	w := newWorld(t, false, hasty)
	conn, err := dial(w)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := w.request(t, "PUT", "/bucket/"+strings.Repeat("k", 5000), nil)
	r.Header.Del("Authorization")
	head(t, conn, r, 100)
	if answer, err := io.ReadAll(conn); err != nil {
		t.Errorf("the connection stays: %v after %q", err, answer)
	}
}

func TestSilentClientIsCutOff(t *testing.T) {
	w := newWorld(t, false, hasty)
	conn, err := dial(w)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r := w.request(t, "PUT", "/bucket/k", nil)
	head(t, conn, r, 1000)
	if _, err := io.WriteString(conn, "something"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		t.Fatal(err)
	}
	if body := readAll(t, resp.Body); resp.StatusCode != http.StatusBadRequest || !strings.Contains(body, "RequestTimeout") {
		t.Errorf("status %d, %s", resp.StatusCode, body)
	}
	if got := w.keys(t); len(got) != 0 {
		t.Errorf("stored %q", got)
	}
}

func TestClientThatTakesNothingIsCutOff(t *testing.T) {
	done := make(chan s3api.Observation, 8)
	w := newWorld(t, false, func(o *s3api.Options) {
		hasty(o)
		o.Observe = func(seen s3api.Observation) { done <- seen }
	})
	w.put(t, "k", noise(32<<20))
	<-done
	conn, err := dial(w)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	head(t, conn, w.request(t, "GET", "/bucket/k", nil), 0)
	select {
	case seen := <-done:
		if seen.Operation != "GetObject" || seen.Out >= 32<<20 {
			t.Errorf("seen %+v", seen)
		}
	case <-time.After(20 * time.Second):
		t.Error("it was not")
	}
}

func TestLogAndMetrics(t *testing.T) {
	var mu sync.Mutex
	var log bytes.Buffer
	var seen []s3api.Observation
	w := newWorld(t, false, func(o *s3api.Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		o.Observe = func(x s3api.Observation) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, x)
		}
	})
	w.want(t, 200, "", "PUT", "/bucket/k", "data")
	w.want(t, 200, "", "GET", "/bucket/k", "")
	w.want(t, 404, "NoSuchKey", "GET", "/bucket/none", "")
	w.want(t, 501, "NotImplemented", "GET", "/bucket/k?nonsense", "")
	w.server.Close()
	want := []s3api.Observation{
		{Operation: "PutObject", Status: 200, In: 4}, {Operation: "GetObject", Status: 200, Out: 4},
		{Operation: "GetObject", Status: 404}, {Operation: "Unknown", Status: 501},
	}
	if len(seen) != len(want) {
		t.Fatalf("seen %v", seen)
	}
	for i, x := range seen {
		if x.Operation != want[i].Operation || x.Status != want[i].Status || x.In != want[i].In || want[i].Out > 0 && x.Out != want[i].Out {
			t.Errorf("seen %+v, want %+v", x, want[i])
		}
	}
	for level, want := range map[string]int{"DEBUG": 2, "INFO": 2} {
		if n := strings.Count(log.String(), "level="+level+" "); n != want {
			t.Errorf("%d lines of level %s, want %d:\n%s", n, level, want, &log)
		}
	}
	for _, secret := range []string{secretKey, "Signature"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s in the log:\n%s", secret, &log)
		}
	}
}
