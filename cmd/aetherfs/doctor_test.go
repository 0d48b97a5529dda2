package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"aetherfs/internal/store/versitytest"
)

// runOn runs a command with the store's keys in the environment.
func runOn(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	environ := []string{
		"HOME=" + t.TempDir(), "AETHERFS_ACCESS_KEY=someone", "AETHERFS_SECRET_KEY=0123456789abcdef",
		"AETHERFS_STORE_ACCESS_KEY=" + versitytest.AccessKey, "AETHERFS_STORE_SECRET_KEY=" + versitytest.SecretKey,
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a gateway that serves after all
	defer cancel()
	var out, problems bytes.Buffer
	code = run(ctx, args, environ, &out, &problems)
	return code, out.String(), problems.String()
}

func TestDoctorOnABucket(t *testing.T) {
	server := versitytest.Start(t)
	server.Bucket(t, "store")
	code, stdout, stderr := runOn(t, "doctor", "--store", server.StoreURL("store"))
	if code != exitOK || strings.Count(stdout, "\nok ") != 9 || !strings.Contains(stdout, "is fit to store in") {
		t.Errorf("doctor: exit code %d\n%s%s", code, stdout, stderr)
	}
	code, stdout, stderr = runOn(t, "doctor", "--store", server.StoreURL("none"))
	if code != exitFailed || !strings.Contains(stdout+stderr, "make the bucket none first") {
		t.Errorf("doctor of a bucket that is not there: exit code %d\n%s%s", code, stdout, stderr)
	}
}

// TestBucketThatOverwrites: a server that does not heed conditions is found
// out, and nothing is written by a gateway on it.
func TestBucketThatOverwrites(t *testing.T) {
	memory := s3mem.New()
	if err := memory.CreateBucket("store"); err != nil {
		t.Fatal(err)
	}
	fake := gofakes3.New(memory).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("If-None-Match")
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	url := "s3://store?endpoint=" + server.URL
	code, stdout, stderr := runOn(t, "doctor", "--store", url)
	for _, want := range []string{"\nBAD  create a name twice ", "opened for reading only", "aetherfs: a gateway would open this store for reading only"} {
		if code != exitFailed || !strings.Contains(stdout+stderr, want) {
			t.Errorf("doctor: exit code %d, lacks %q\n%s%s", code, want, stdout, stderr)
		}
	}
	code, _, stderr = runOn(t, "run", "--listen=127.0.0.1:0", "--store", url, "--data", t.TempDir())
	for _, want := range []string{"create a name twice", "the store is opened for reading only", "store is read-only"} {
		if code != exitFailed || !strings.Contains(stderr, want) {
			t.Errorf("run: exit code %d, lacks %q\n%s", code, want, stderr)
		}
	}
}

// TestRestartOnABucket: what was put is there for the next gateway, which has
// an empty data folder.
func TestRestartOnABucket(t *testing.T) {
	server := versitytest.Start(t)
	server.Bucket(t, "store")
	keys := keyPair{"someone", "0123456789abcdef"}
	gateway := func() *started {
		s := startIn(t, t.TempDir(), []string{
			"AETHERFS_ACCESS_KEY=" + keys.access, "AETHERFS_SECRET_KEY=" + keys.secret, "AETHERFS_STORE=" + server.StoreURL("store"),
			"AETHERFS_STORE_ACCESS_KEY=" + versitytest.AccessKey, "AETHERFS_STORE_SECRET_KEY=" + versitytest.SecretKey,
		})
		s.keys = keys
		return s
	}
	first := gateway()
	first.must("PUT", "/maps", nil)
	first.must("PUT", "/maps/v1/a.txt", strings.NewReader("a map"))
	if code := first.stop(); code != exitOK {
		t.Errorf("told to stop it exits with %d:\n%s", code, first.log())
	}
	if got := gateway().must("GET", "/maps/v1/a.txt", nil); got != "a map" {
		t.Errorf("the next gateway has %q", got)
	}
}
