package kv_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/kv"

	"go.uber.org/goleak"
)

// Badger leaves two goroutines behind when it fails to open a folder.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/dgraph-io/badger/v4.(*DB).monitorCache"),
		goleak.IgnoreAnyFunction("github.com/dgraph-io/ristretto/v2/z.(*AllocatorPool).freeupAllocators"))
}

func open(t *testing.T, dir, id string) *kv.DB {
	t.Helper()
	db, err := kv.Open(dir, id, kv.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func put(db *kv.DB, space, key, value string) {
	db.Space(space).Put([]byte(key), []byte(value))
	db.Sync()
}

func check(t *testing.T, db *kv.DB, space, key, want string) {
	t.Helper()
	got, ok := db.Space(space).Get([]byte(key))
	if string(got) != want || ok != (want != "") {
		t.Errorf("Get(%s, %s) = %q, %v, want %q", space, key, got, ok, want)
	}
}

func TestSpacesAreApart(t *testing.T) {
	db := kv.Memory()
	defer db.Close()
	put(db, "a", "bk", "1")
	put(db, "ab", "k", "2")
	check(t, db, "a", "bk", "1")
	check(t, db, "ab", "k", "2")
	check(t, db, "a", "k", "")
}

func TestKeepsOverReopen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	db := open(t, dir, "repo")
	for i := range 1000 {
		db.Space("s").Put(fmt.Appendf(nil, "k%04d", i), fmt.Appendf(nil, "v%d", i))
	}
	if err := db.Close(); err != nil { // writes what is queued
		t.Fatal(err)
	}
	check(t, db, "s", "k0001", "")
	db = open(t, dir, "repo")
	check(t, db, "s", "k0001", "v1")
	check(t, db, "s", "k0999", "v999")
}

func TestDelete(t *testing.T) {
	db := kv.Memory()
	defer db.Close()
	s := db.Space("s")
	s.PutAll([]kv.Pair{{Key: []byte("b"), Value: []byte("2")}, {Key: []byte("a"), Value: []byte("1")}, {Key: []byte("c"), Value: []byte{}}})
	s.Delete([]byte("b"), []byte("never was"))
	db.Sync()
	for key, want := range map[string]bool{"a": true, "b": false, "c": true} {
		if _, ok := s.Get([]byte(key)); ok != want {
			t.Errorf("Get(%q) found it: %t, want %t", key, ok, want)
		}
	}
}

// A value of a 64th of the memory is kept, in memory and over a reopening; a longer
// one is dropped, and what came with it is not.
func TestLongestValue(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	longest := bytes.Repeat([]byte("node"), kv.DefaultMemory/64/4)
	fill := func(db *kv.DB) {
		for i := range 40 {
			db.Space("s").PutAll([]kv.Pair{
				{Key: fmt.Appendf(nil, "k%d", i), Value: longest},
				{Key: fmt.Appendf(nil, "l%d", i), Value: append(longest, 1)},
			})
		}
		db.Sync()
	}
	verify := func(db *kv.DB) {
		t.Helper()
		for i := range 40 {
			got, ok := db.Space("s").Get(fmt.Appendf(nil, "k%d", i))
			if !ok || !bytes.Equal(got, longest) {
				t.Fatalf("k%d: %d bytes, %v, want %d", i, len(got), ok, len(longest))
			}
			if db.Space("s").Has(fmt.Appendf(nil, "l%d", i)) {
				t.Fatalf("l%d was kept", i)
			}
		}
	}
	memory := kv.Memory()
	defer memory.Close()
	fill(memory)
	verify(memory)
	db := open(t, dir, "repo")
	fill(db)
	verify(db)
	db.Close()
	verify(open(t, dir, "repo"))
}

// What was put before Reset is gone, also over a reopening and from a cache
// that is off; what is put after it is there.
func TestReset(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	memory := kv.Memory()
	defer memory.Close()
	for _, db := range []*kv.DB{memory, open(t, dir, "repo")} {
		for i := range 1000 {
			db.Space("s").Put(fmt.Appendf(nil, "k%d", i), []byte("old"))
		}
		db.Reset()
		for i := range 1000 {
			if db.Space("s").Has(fmt.Appendf(nil, "k%d", i)) {
				t.Fatalf("k%d outlived Reset", i)
			}
		}
		put(db, "s", "k1", "new")
		check(t, db, "s", "k1", "new")
		db.Close()
		db.Reset() // of no effect, and does not hang
	}
	check(t, open(t, dir, "repo"), "s", "k0", "")
}

func TestResetWhileOff(t *testing.T) {
	var free atomic.Uint64
	free.Store(1 << 40)
	options := kv.Options{Free: func(string) (uint64, error) { return free.Load(), nil }}
	dir := filepath.Join(t.TempDir(), "cache")
	for _, step := range []struct {
		free  uint64
		reset bool
		want  string
	}{{1 << 40, false, ""}, {1 << 20, true, ""}, {1 << 40, false, ""}} {
		free.Store(step.free)
		db, err := kv.Open(dir, "repo", options)
		if err != nil {
			t.Fatal(err)
		}
		check(t, db, "s", "k", step.want)
		put(db, "s", "k", "old")
		if step.reset {
			db.Reset()
		}
		db.Close()
	}
}

// The cache in memory uses nothing from outside a bubble, and leaves nothing.
func TestMemoryInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := kv.Memory()
		put(db, "s", "k", "v")
		time.Sleep(time.Hour)
		check(t, db, "s", "k", "v")
		db.Reset()
		check(t, db, "s", "k", "")
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestOtherRepositoryStartsEmpty(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	db := open(t, dir, "repo")
	put(db, "s", "k", "v")
	db.Close()
	db = open(t, dir, "another")
	check(t, db, "s", "k", "")
	put(db, "s", "k", "w")
	db.Close()
	check(t, open(t, dir, "another"), "s", "k", "w")
}

func TestFolderInUse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	db := open(t, dir, "repo")
	put(db, "s", "k", "v")
	if _, err := kv.Open(dir, "repo", kv.Options{}); err == nil {
		t.Fatal("a folder was opened twice")
	}
	check(t, db, "s", "k", "v")
}

// On a full disk Badger would end the process: nothing is written then.
func TestFullDisk(t *testing.T) {
	var free atomic.Uint64
	options := kv.Options{Free: func(string) (uint64, error) { return free.Load(), nil }}
	dir := filepath.Join(t.TempDir(), "cache")
	reopen := func(bytes uint64) *kv.DB {
		t.Helper()
		free.Store(bytes)
		db, err := kv.Open(dir, "repo", options)
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	shut := func(db *kv.DB) {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	db := reopen(1 << 20)
	put(db, "s", "k", "off")
	check(t, db, "s", "k", "")
	shut(db)
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder was made: %v", err)
	}

	db = reopen(1 << 40)
	put(db, "s", "k", "before")
	free.Store(1 << 20)
	put(db, "s", "k", "full")
	put(db, "s", "l", "full")
	check(t, db, "s", "k", "before")
	check(t, db, "s", "l", "")
	free.Store(1 << 40)
	put(db, "s", "l", "after")
	shut(db)
	db = reopen(1 << 40)
	check(t, db, "s", "k", "before")
	check(t, db, "s", "l", "after")
	shut(db)
}

// A folder that is deleted under the cache costs what it held: it goes on with
// an empty one, and ends.
func TestFolderGone(t *testing.T) {
	for _, parent := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "data", "cache")
		db := open(t, dir, "repo")
		put(db, "s", "k", "before")
		doomed := dir
		if parent {
			doomed = filepath.Dir(dir)
		}
		if err := os.RemoveAll(doomed); err != nil {
			t.Fatal(err)
		}
		value := bytes.Repeat([]byte("v"), 64<<10)
		for i := range 500 { // more than is kept in memory
			put(db, "s", fmt.Sprint(i), string(value))
		}
		check(t, db, "s", "499", string(value))
		if err := os.RemoveAll(doomed); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Nor does it matter that Badger is amid writing, and waits for its folder: that
// comes back, again and again.
func TestFolderGoesUnderWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	db := open(t, dir, "repo")
	put(db, "s", "k", "before")
	db.Sync()
	err := db.Writing(func() error {
		for range 2 {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			for there := false; !there; runtime.Gosched() {
				_, err := os.Stat(dir)
				there = err == nil
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	put(db, "s", "k", "after")
	check(t, db, "s", "k", "after")
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// Whatever byte of whatever file is damaged, what is read is what was put, or
// nothing; and the cache works on.
func TestDamagedFiles(t *testing.T) {
	src := filepath.Join(t.TempDir(), "cache")
	db := open(t, src, "repo")
	want := bytes.Repeat([]byte("value "), 100)
	for i := range 200 {
		db.Space("s").Put(fmt.Appendf(nil, "k%d", i), want)
	}
	db.Close()
	files, err := filepath.Glob(filepath.Join(src, "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("folder holds %v, %v", files, err)
	}
	for _, f := range files {
		for _, at := range []float64{0, 0.3, 0.9} {
			t.Run(fmt.Sprintf("%s/%v", filepath.Base(f), at), func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "cache")
				if err := os.CopyFS(dir, os.DirFS(src)); err != nil {
					t.Fatal(err)
				}
				flip(t, filepath.Join(dir, filepath.Base(f)), at)
				db := open(t, dir, "repo")
				for i := range 200 {
					got, ok := db.Space("s").Get(fmt.Appendf(nil, "k%d", i))
					if ok && !bytes.Equal(got, want) {
						t.Fatalf("k%d = %q", i, got)
					}
				}
				put(db, "s", "new", "v")
				check(t, db, "s", "new", "v")
			})
		}
	}
}

func flip(t *testing.T, file string, at float64) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) == 0 {
		return
	}
	data[int(at*float64(len(data)))] ^= 0x55
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
