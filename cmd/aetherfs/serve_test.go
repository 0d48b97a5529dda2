package main

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"aetherfs/internal/config"
)

var quiet = slog.New(slog.DiscardHandler)

// serving serves handler until the returned stop is called, which returns what
// serve did.
func serving(t *testing.T, c *config.Config, handler http.Handler, drain time.Duration) (address string, stop func() error) {
	t.Helper()
	l, err := listen(t.Context(), c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	done := make(chan error, 1)
	go func() { done <- serve(ctx, l, handler, quiet, drain) }()
	return l.Addr().String(), func() error {
		cancel()
		return <-done
	}
}

// held is a handler whose requests wait until they are released.
type held struct{ began, release chan struct{} }

func newHeld() *held { return &held{make(chan struct{}), make(chan struct{})} }

func (h *held) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	close(h.began)
	select {
	case <-h.release:
	case <-r.Context().Done():
	}
	io.WriteString(w, "whole")
}

func get(client *http.Client, url string) (string, error) {
	answer, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}

func TestRequestsThatRunMayFinish(t *testing.T) {
	h := newHeld()
	address, stop := serving(t, &config.Config{Listen: "127.0.0.1:0"}, h, time.Minute)
	got := make(chan string, 1)
	go func() {
		body, err := get(http.DefaultClient, "http://"+address)
		if err != nil {
			body = err.Error()
		}
		got <- body
	}()
	<-h.began
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	for { // the port closes before the request ends
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			break
		}
		conn.Close()
	}
	close(h.release)
	if body := <-got; body != "whole" {
		t.Errorf("the request that ran got %q, want the whole answer", body)
	}
	if err := <-stopped; err != nil {
		t.Errorf("serve returned %v", err)
	}
}

func TestRequestsThatDoNotFinishAreCutOff(t *testing.T) {
	h := newHeld()
	address, stop := serving(t, &config.Config{Listen: "127.0.0.1:0"}, h, time.Millisecond)
	failed := make(chan error, 1)
	go func() {
		_, err := get(http.DefaultClient, "http://"+address)
		failed <- err
	}()
	<-h.began
	if err := stop(); err != nil {
		t.Errorf("serve returned %v", err)
	}
	if err := <-failed; err == nil {
		t.Error("a request that never ends was answered")
	}
}

func TestHTTP2OverTLS(t *testing.T) {
	dir := t.TempDir()
	c := &config.Config{Listen: "127.0.0.1:0", TLSCert: filepath.Join(dir, "cert.pem"), TLSKey: filepath.Join(dir, "key.pem")}
	pool := writeCertificate(t, c.TLSCert, c.TLSKey, "gateway")
	proto := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })
	address, stop := serving(t, c, proto, time.Minute)
	for _, http2 := range []bool{true, false} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: http2}
		got, err := get(&http.Client{Transport: transport}, "https://"+address)
		if want := map[bool]string{true: "HTTP/2.0", false: "HTTP/1.1"}[http2]; err != nil || got != want {
			t.Errorf("protocol %q, error %v, want %s", got, err, want)
		}
		transport.CloseIdleConnections()
	}
	if err := stop(); err != nil {
		t.Errorf("serve returned %v", err)
	}
}

func TestHeadersAreBounded(t *testing.T) {
	address, stop := serving(t, &config.Config{Listen: "127.0.0.1:0"}, http.NotFoundHandler(), time.Minute)
	for kib, want := range map[int]int{32: http.StatusNotFound, 128: http.StatusRequestHeaderFieldsTooLarge} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+address, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Meta-Much", strings.Repeat("x", kib<<10))
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("a header of %d KiB is answered by %d, want %d", kib, answer.StatusCode, want)
		}
	}
	if err := stop(); err != nil {
		t.Errorf("serve returned %v", err)
	}
}
