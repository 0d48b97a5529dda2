// Package versitytest runs versitygw, a real S3 server, for tests: on a folder
// and a port of its own, until the test ends. conformance/install.sh installs
// it.
package versitytest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"aetherfs/internal/store/s3store"
)

// The keys that every Server knows.
const (
	AccessKey = "versity"
	SecretKey = "versity-secret-key"
)

const (
	startWithin = 30 * time.Second
	startTries  = 5 // another process may take the port that was found free
)

// Server is a versitygw at work.
type Server struct {
	URL    string // http://127.0.0.1:port
	Folder string // holds a folder for each bucket
}

// Start runs a server until the test ends. The test is skipped where versitygw
// is not installed, but never where CI is set.
func Start(t testing.TB) *Server {
	t.Helper()
	program, ok := find()
	if !ok && os.Getenv("CI") == "" {
		t.Skip("versitygw is not installed: run conformance/install.sh")
	}
	s := &Server{Folder: t.TempDir()}
	var err error
	for range startTries {
		if err = s.start(t, program); err == nil {
			return s
		}
	}
	t.Fatalf("start versitygw: %v", err)
	return nil
}

// Bucket makes a bucket.
func (s *Server) Bucket(t testing.TB, name string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(s.Folder, name), 0o755); err != nil {
		t.Fatal(err)
	}
}

// Store opens an empty bucket of that name as a store.
func (s *Server) Store(t testing.TB, bucket string) *s3store.Store {
	t.Helper()
	s.Bucket(t, bucket)
	st, err := s3store.Open(s.Options(bucket))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

// Options are those of a bucket, with the keys.
func (s *Server) Options(bucket string) s3store.Options {
	return s3store.Options{Bucket: bucket, Prefix: "some/prefix", Endpoint: s.URL, AccessKey: AccessKey, SecretKey: SecretKey}
}

// StoreURL is what --store takes for the same bucket; it has no keys.
func (s *Server) StoreURL(bucket string) string {
	return fmt.Sprintf("s3://%s/some/prefix?endpoint=%s", bucket, url.QueryEscape(s.URL))
}

func (s *Server) start(t testing.TB, program string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--port", address, "--access", AccessKey, "--secret", SecretKey,
		"--keep-alive", "--quiet", "--health", "/health", "posix", s.Folder)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		cancel()
		return err
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }()
	stop := sync.OnceFunc(func() { cancel(); <-gone })
	if err := healthy(t.Context(), "http://"+address+"/health", gone); err != nil {
		stop()
		return fmt.Errorf("%w\n%s", err, &said)
	}
	t.Cleanup(stop)
	s.URL = "http://" + address
	return nil
}

// healthy waits until the server answers at address, or is gone.
func healthy(ctx context.Context, address string, gone <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-gone:
			return fmt.Errorf("it ended")
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(r); err == nil {
			answer.Body.Close()
			return nil
		}
	}
}

// find returns the program of the module's folder bin, or of the path.
func find() (string, bool) {
	if out, err := exec.Command("go", "env", "GOMOD").Output(); err == nil {
		program := filepath.Join(filepath.Dir(strings.TrimSpace(string(out))), "bin", "versitygw")
		if _, err := os.Stat(program); err == nil {
			return program, true
		}
	}
	program, err := exec.LookPath("versitygw")
	return program, err == nil
}
