//go:build conformance && bench

package conformance

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// What is read, once in order and then at random.
const (
	benchBytes  = 256 << 20
	benchBlock  = 1 << 20  // of reading in order
	benchPiece  = 64 << 10 // of reading at random
	benchPieces = 2000
)

// pieceReader reads n bytes of the file of the benchmark from off on.
type pieceReader func(off int64, n int) error

// TestSpeedOfViews reads one file over NFS and WebDAV, from the gateway and
// from rclone, which serves it from a folder, and prints how they compare.
func TestSpeedOfViews(t *testing.T) {
	dir := t.TempDir()
	if _, err := writeRandom(filepath.Join(dir, "file"), benchBytes, 1); err != nil {
		t.Fatal(err)
	}
	g := newNFSGateway(t)
	r := newReference(t, g.endpoint, "bench")
	if err := openMinio(t, g.endpoint, r.bucket).put(t.Context(), filepath.Join(dir, "file"), "file"); err != nil {
		t.Fatal(err)
	}
	program := install(t, newRclone)
	ours, theirs := map[string]pieceReader{}, map[string]pieceReader{}
	ours["nfs"] = nfsPieces(t, g.address, "/bench")
	theirs["nfs"] = nfsPieces(t, serveByRclone(t, program, "nfs", dir), "/")
	ours["webdav"] = davPieces(t, g.url+"/webdav/bench/file", g.access, g.secret)
	theirs["webdav"] = davPieces(t, "http://"+serveByRclone(t, program, "webdav", dir)+"/file", "", "")
	for _, view := range []string{"nfs", "webdav"} {
		for _, way := range []func(*testing.T, pieceReader) (string, float64){inOrder, atRandom} {
			what, us := way(t, ours[view])
			_, them := way(t, theirs[view])
			t.Logf("%s, %s: %.0f MiB/s, rclone %.0f MiB/s, ratio %.2f", view, what, us, them, us/them)
		}
	}
}

// inOrder returns the MiB/s of reading the file from its beginning to its end.
func inOrder(t *testing.T, read pieceReader) (string, float64) {
	t.Helper()
	began := time.Now()
	for off := int64(0); off < benchBytes; off += benchBlock {
		if err := read(off, benchBlock); err != nil {
			t.Fatal(err)
		}
	}
	return "in order", float64(benchBytes>>20) / time.Since(began).Seconds()
}

// atRandom returns the MiB/s of reading pieces at random, the same each time.
func atRandom(t *testing.T, read pieceReader) (string, float64) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 1))
	began := time.Now()
	for range benchPieces {
		if err := read(random.Int64N(benchBytes-benchPiece), benchPiece); err != nil {
			t.Fatal(err)
		}
	}
	return "at random", float64(benchPieces*benchPiece) / (1 << 20) / time.Since(began).Seconds()
}

func nfsPieces(t *testing.T, address, path string) pieceReader {
	t.Helper()
	c, err := dialNFS(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	dir, err := c.mount(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := c.lookup(dir, "file")
	if err != nil {
		t.Fatal(err)
	}
	return func(off int64, n int) error {
		for n > 0 {
			data, _, err := c.readAt(h, uint64(off), uint32(n))
			if err != nil || len(data) == 0 {
				return fmt.Errorf("%d bytes at %d: %w", len(data), off, err)
			}
			off, n = off+int64(len(data)), n-len(data)
		}
		return nil
	}
}

func davPieces(t *testing.T, url, user, password string) pieceReader {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return func(off int64, n int) error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if user != "" {
			req.SetBasicAuth(user, password)
		}
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", off, off+int64(n)-1))
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if read, err := io.Copy(io.Discard, resp.Body); err != nil || read != int64(n) || resp.StatusCode != http.StatusPartialContent {
			return fmt.Errorf("%s: %d bytes of %d, %w", resp.Status, read, n, err)
		}
		return nil
	}
}

// serveByRclone serves a folder until the test ends, and returns the address.
func serveByRclone(t *testing.T, program, protocol, dir string) string {
	t.Helper()
	address := freeAddress(t)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "serve", protocol, dir, "--addr", address, "--read-only")
	cmd.Env = cleanEnv(t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
	})
	for began := time.Now(); time.Since(began) < startWithin; {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return address
		}
	}
	t.Fatalf("rclone serve %s does not listen", protocol)
	return ""
}
