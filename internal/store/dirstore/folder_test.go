package dirstore_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aetherfs/internal/store"
	"aetherfs/internal/store/dirstore"
)

// holderEnv has the test binary open the store it names and wait.
const holderEnv = "DIRSTORE_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holderEnv); dir != "" {
		hold(dir)
		return
	}
	os.Exit(m.Run())
}

func hold(dir string) {
	s, err := dirstore.Open(dir, dirstore.Options{})
	if err == nil {
		_, err = s.Put(context.Background(), "by/holder", []byte("x"), store.Cond{})
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test ends it
}

// TestOtherProcess: a folder that another process has open is refused; one that
// it was killed with is not, and holds what it put.
func TestOtherProcess(t *testing.T) {
	dir := t.TempDir()
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), holderEnv+"="+dir)
	if _, err := holder.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "held\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	_, err = dirstore.Open(dir, dirstore.Options{})
	if err == nil || !strings.Contains(err.Error(), "another process") || !strings.Contains(err.Error(), dir) {
		t.Errorf("Open of a folder in use = %v, want an error that says so", err)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // killed
	if _, _, err := open(t, dir).Get(context.Background(), "by/holder", store.Range{}); err != nil {
		t.Errorf("Get of what the killed process put = %v", err)
	}
}

// TestOpenTwice: within a process too a folder has one store at a time.
func TestOpenTwice(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	s, err := dirstore.Open(dir, dirstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dirstore.Open(dir, dirstore.Options{}); err == nil {
		t.Error("second Open = nil, want an error")
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
	if _, _, err := s.Get(context.Background(), "k", store.Range{}); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Get after Close = %v, want fs.ErrClosed", err)
	}
	open(t, dir)
}

// TestLeftovers: Open removes what was not finished, and nothing else.
func TestLeftovers(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	s, err := dirstore.Open(dir, dirstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(ctx, "a/b", []byte("x"), store.Cond{IfAbsent: true}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "_temp", "1"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if left, err := os.ReadDir(filepath.Join(dir, "_temp")); err != nil || len(left) != 0 {
		t.Errorf("after Open _temp holds %v, %v", left, err)
	}
	if _, err := s.Put(ctx, "a/c", []byte("x"), store.Cond{}); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "_temp")); err != nil || len(left) != 0 {
		t.Errorf("after Put _temp holds %v, %v", left, err)
	}
	if got, _, err := s.Get(ctx, "a/b", store.Range{}); err != nil || string(got) != "x" {
		t.Errorf("Get = %q, %v", got, err)
	}
}

// TestForeign: files that are not the store's are not shown, and links lead
// nowhere.
func TestForeign(t *testing.T) {
	ctx := context.Background()
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("s"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		os.Symlink(outside, filepath.Join(dir, "link")),
		os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "file")),
		os.WriteFile(filepath.Join(dir, "README"), nil, 0o600),
	); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	if _, err := s.Put(ctx, "mine", nil, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"file", "link/secret"} {
		if got, _, err := s.Get(ctx, key, store.Range{}); err == nil {
			t.Errorf("Get(%s) = %q, want an error", key, got)
		}
	}
	if _, err := s.Put(ctx, "link/new", nil, store.Cond{}); err == nil {
		t.Error("Put through a link = nil, want an error")
	}
	var got []string
	for info, err := range s.List(ctx, "", "") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, info.Key)
	}
	if !slices.Equal(got, []string{"mine"}) {
		t.Errorf("List = %q, want only what was put", got)
	}
}
