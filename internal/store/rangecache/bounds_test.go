package rangecache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/internal/store"
	"aetherfs/internal/store/rangecache"
)

// TestCloseWhileReading: Gets that are under way when the cache is closed get
// their bytes, and those that come later too.
func TestCloseWhileReading(t *testing.T) {
	s := newScene(t, 20*part)
	synctest.Test(t, func(t *testing.T) {
		s.store.latency = time.Second
		c := s.open(rangecache.Options{})
		var readers sync.WaitGroup
		for i := range int64(20) {
			readers.Go(func() {
				time.Sleep(time.Duration(i) * 100 * time.Millisecond)
				s.want(t.Context(), c, "o/0", i*part, 1)
			})
		}
		time.Sleep(1500 * time.Millisecond)
		closing(t, c)
		readers.Wait()
	})
}

// TestOtherLengths: parts of another length go, and what else lies in the folder
// stays.
func TestOtherLengths(t *testing.T) {
	s := newScene(t, 1)
	for _, name := range []string{"2024", "notes", "131072"} {
		if err := os.MkdirAll(filepath.Join(s.folder, name, "x"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	closing(t, s.open(rangecache.Options{}))
	for name, want := range map[string]bool{"2024": true, "notes": true, "131072": false} {
		if _, err := os.Stat(filepath.Join(s.folder, name, "x")); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", name, err == nil, want)
		}
	}
}

// TestNoFiles: what is no file, in the place of a part or of one that is being
// written, is a miss and holds nobody up.
func TestNoFiles(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, put := range map[string]func(path string) error{
		"pipes":            func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"links to a pipe":  func(path string) error { return os.Symlink(pipe, path) },
		"links to devices": func(path string) error { return os.Symlink("/dev/zero", path) },
		"links to nothing": func(path string) error { return os.Symlink(pipe+"s", path) },
		"folders":          func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		for _, where := range []string{"", ".new"} {
			t.Run(name+" at part"+where, func(t *testing.T) {
				s := newScene(t, 3*part)
				readAll := func() *rangecache.Cache {
					c := s.open(rangecache.Options{})
					s.want(t.Context(), c, "o/0", 0, 3*part)
					return c
				}
				closing(t, readAll())
				c := readAll() // from disk
				parts, _ := s.files()
				for _, path := range parts {
					if err := errors.Join(os.Remove(path), put(path+where)); err != nil {
						t.Fatal(err)
					}
				}
				s.want(t.Context(), c, "o/0", 0, 3*part)
				closing(t, c)
				closing(t, readAll()) // begins with what lies there now
			})
		}
	}
}

// lent is a store that is far, and knows how much memory it was lent at most.
type lent struct {
	store.Store
	now, most atomic.Int64 // bytes
}

func (l *lent) Get(ctx context.Context, key string, r store.Range) ([]byte, store.Info, error) {
	n := int64(len(r.Buf))
	now := l.now.Add(n)
	defer l.now.Add(-n)
	for most := l.most.Load(); now > most && !l.most.CompareAndSwap(most, now); most = l.most.Load() {
		continue
	}
	time.Sleep(time.Second)
	return l.Store.Get(ctx, key, r)
}

// TestMemoryUnderWay: however many read a little each, the parts around what
// they read are within the cache's memory, and all get their bytes.
func TestMemoryUnderWay(t *testing.T) {
	const readers, memory = 200, 4 * part
	s := newScene(t, readers*part)
	synctest.Test(t, func(t *testing.T) {
		far := &lent{Store: s.store}
		s.store.Store, far.Store = far, s.store.Store
		c := s.open(rangecache.Options{Memory: memory})
		var all sync.WaitGroup
		for i := range int64(readers) {
			all.Go(func() { s.want(t.Context(), c, "o/0", i*part+i, 7) })
		}
		all.Wait()
		closing(t, c)
		if most := far.most.Load(); most == 0 || most > memory {
			t.Errorf("%d bytes were under way at once, want at most %d", most, memory)
		}
		if got := c.Stats().Skipped; got < readers-2*memory/part {
			t.Errorf("%d parts were left to the store, want nearly all", got)
		}
	})
}

// TestMoreThanTheMemory: what is longer than the cache's memory is kept too,
// one at a time.
func TestMoreThanTheMemory(t *testing.T) {
	s := newScene(t, 10*part)
	c := s.open(rangecache.Options{Memory: 1})
	s.want(t.Context(), c, "o/0", 0, 10*part)
	closing(t, c)
	c = s.open(rangecache.Options{Memory: 1})
	s.asks(1, "")
	s.want(t.Context(), c, "o/0", 0, 10*part)
	s.asks(0, "")
	closing(t, c)
}

// TestRangesAtTheBounds: a Get may be as long as any, and begin anywhere, with
// parts of every length.
func TestRangesAtTheBounds(t *testing.T) {
	const size = 65 << 20
	s := newScene(t, size)
	for _, length := range []int64{rangecache.MinPartBytes, 100_000, 1 << 20, rangecache.MaxPartBytes - 1} {
		t.Run(fmt.Sprintf("parts of %d", length), func(t *testing.T) {
			c, err := rangecache.Open(s.store, rangecache.Options{Folder: t.TempDir(), PartBytes: length, Immutable: everything, Disk: roomy})
			if err != nil {
				t.Fatal(err)
			}
			defer closing(t, c)
			for _, r := range []store.Range{
				{Off: length - 1, Len: 64 << 20}, {Off: length - 1, Len: 64<<20 + 1}, {Off: size - 1, Len: math.MaxInt64},
				{Off: size - 1, Len: 2}, {Off: length, Len: 64 << 20},
			} {
				want := s.data["o/0"][r.Off:]
				want = want[:min(r.Len, int64(len(want)))]
				if got, _, err := c.Get(t.Context(), "o/0", r); err != nil || !bytes.Equal(got, want) {
					t.Errorf("Get(%d+%d) = %d bytes, %v, want %d", r.Off, r.Len, len(got), err, len(want))
				}
			}
			for _, off := range []int64{size, size + length, length << 32, math.MaxInt64 - 5, math.MaxInt64} {
				if _, _, err := c.Get(t.Context(), "o/0", store.Range{Off: off, Len: 10}); !errors.Is(err, store.ErrRange) {
					t.Errorf("Get(%d+10): %v, want ErrRange", off, err)
				}
			}
		})
	}
}
