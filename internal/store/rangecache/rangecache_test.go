package rangecache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"aetherfs/internal/store"
	"aetherfs/internal/store/rangecache"
	"aetherfs/internal/store/storetest"
)

const part = rangecache.MinPartBytes

func everything(string) bool { return true }

// roomy is a disk that is never full.
func roomy(string) (free, all int64, err error) { return 1 << 50, 1 << 50, nil }

// asked is a store that notes the ranges that are asked for, and may be far.
type asked struct {
	store.Store
	latency time.Duration

	mu   sync.Mutex
	seen []string
}

func (a *asked) Get(ctx context.Context, key string, r store.Range) ([]byte, store.Info, error) {
	a.mu.Lock()
	a.seen = append(a.seen, fmt.Sprintf("%s %d+%d", key, r.Off, r.Len))
	a.mu.Unlock()
	time.Sleep(a.latency)
	return a.Store.Get(ctx, key, r)
}

// times returns how often something was asked since the last call, and what.
func (a *asked) times() (int, string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := a.seen
	a.seen = nil
	return len(all), strings.Join(all, ", ")
}

// scene is a store with objects and a folder for caches before it.
type scene struct {
	t      testing.TB
	store  *asked
	folder string
	data   map[string][]byte
}

func newScene(t testing.TB, sizes ...int) *scene {
	s := &scene{t: t, store: &asked{Store: store.NewMemory()}, folder: filepath.Join(t.TempDir(), "ranges"), data: map[string][]byte{}}
	random := rand.NewChaCha8([32]byte{1})
	for i, n := range sizes {
		data := make([]byte, n)
		_, _ = random.Read(data)
		key := fmt.Sprintf("o/%d", i)
		if _, err := s.store.Put(t.Context(), key, data, store.Cond{}); err != nil {
			t.Fatal(err)
		}
		s.data[key] = data
	}
	return s
}

func (s *scene) open(o rangecache.Options) *rangecache.Cache {
	s.t.Helper()
	o.Folder, o.PartBytes, o.Immutable = s.folder, part, everything
	if o.Disk == nil {
		o.Disk = roomy
	}
	c, err := rangecache.Open(s.store, o)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// want reads a range and compares it.
func (s *scene) want(ctx context.Context, c store.Store, key string, off, n int64) {
	s.t.Helper()
	want := s.data[key][off:min(off+n, int64(len(s.data[key])))]
	got, info, err := c.Get(ctx, key, store.Range{Off: off, Len: n})
	if err != nil || !bytes.Equal(got, want) || info.Size != int64(len(s.data[key])) || info.Key != key {
		s.t.Errorf("Get(%s, %d+%d) = %d bytes, %+v, %v, want %d bytes", key, off, n, len(got), info, err, len(want))
	}
}

// asks fails the test unless the store was asked for that since the last time.
func (s *scene) asks(n int, what string) {
	s.t.Helper()
	if got, all := s.store.times(); got != n || what != "" && all != what {
		s.t.Errorf("the store was asked %d times: %s, want %d times: %s", got, all, n, what)
	}
}

// files are those of the cache.
func (s *scene) files() (all []string, size int64) {
	_ = filepath.WalkDir(s.folder, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			if info, err := e.Info(); err == nil {
				all, size = append(all, path), size+info.Size()
			}
		}
		return nil
	})
	return all, size
}

func closing(t testing.TB, c *rangecache.Cache) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		c, err := rangecache.Open(store.NewMemory(), rangecache.Options{Folder: t.TempDir(), PartBytes: part, Immutable: everything})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closing(t, c) })
		return c
	})
}

// TestPartsStay: what was read once is read from disk, also by the next
// process, and what is missing is asked for in one request.
func TestPartsStay(t *testing.T) {
	s := newScene(t, 10*part+100)
	c := s.open(rangecache.Options{})
	s.want(t.Context(), c, "o/0", 3*part+7, 2*part)
	s.asks(1, fmt.Sprintf("o/0 %d+%d", 3*part, 3*part))
	closing(t, c)

	c = s.open(rangecache.Options{})
	s.want(t.Context(), c, "o/0", 3*part, 3*part)
	s.want(t.Context(), c, "o/0", 4*part+1, 1)
	s.asks(0, "")
	s.want(t.Context(), c, "o/0", 0, 20*part)
	s.asks(2, "")
	closing(t, c)

	c = s.open(rangecache.Options{})
	s.want(t.Context(), c, "o/0", 0, 20*part)
	s.want(t.Context(), c, "o/0", 10*part+50, 100)
	s.asks(0, "")
	if stats := c.Stats(); stats.Bytes == 0 || stats.Hits == 0 || stats.HitBytes == 0 {
		t.Errorf("statistics %+v, want hits", stats)
	}
	closing(t, c)
}

// TestForgets: what is deleted or asked for afresh is not answered from disk.
func TestForgets(t *testing.T) {
	s := newScene(t, 4*part)
	c := s.open(rangecache.Options{})
	s.want(t.Context(), c, "o/0", 0, 4*part)
	closing(t, c)
	c = s.open(rangecache.Options{})
	defer closing(t, c)
	s.asks(1, "")
	s.want(store.Fresh(t.Context()), c, "o/0", part+1, 1)
	s.asks(1, fmt.Sprintf("o/0 %d+1", part+1))
	s.want(t.Context(), c, "o/0", 0, 4*part)
	s.asks(1, fmt.Sprintf("o/0 %d+%d", part, part))
	if err := c.Delete(t.Context(), "o/0"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Get(t.Context(), "o/0", store.Range{Len: part}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get of a deleted object: %v, want ErrNotFound", err)
	}
}

// TestShared: readers of the same part share one request.
func TestShared(t *testing.T) {
	s := newScene(t, 4*part)
	synctest.Test(t, func(t *testing.T) {
		s.store.latency = time.Second
		c := s.open(rangecache.Options{})
		var readers sync.WaitGroup
		for i := range 20 {
			readers.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				s.want(t.Context(), c, "o/0", int64(i), 2*part)
			})
		}
		readers.Wait()
		n, what := s.store.times()
		if n != 2 { // the parts of the first reader, and the one that the others need beside
			t.Errorf("the store was asked %d times: %s, want 2", n, what)
		}
		closing(t, c)
	})
}

// TestGivenUp: who gives up does not fail those who wait for the same bytes.
func TestGivenUp(t *testing.T) {
	s := newScene(t, 4*part)
	synctest.Test(t, func(t *testing.T) {
		s.store.latency = time.Second
		c := s.open(rangecache.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		readers.Go(func() {
			if _, _, err := c.Get(ctx, "o/0", store.Range{Len: part}); !errors.Is(err, context.Canceled) {
				t.Errorf("Get that was given up: %v", err)
			}
		})
		synctest.Wait()
		readers.Go(func() { s.want(t.Context(), c, "o/0", 0, part) })
		synctest.Wait()
		cancel()
		readers.Wait()
		closing(t, c)
	})
}

// TestScan: one pass over ten times of what the cache holds leaves most of what
// was read twice before.
func TestScan(t *testing.T) {
	const held, set = 200, 100 // parts
	sizes := make([]int, 1+10)
	for i := range sizes {
		sizes[i] = held * part
	}
	sizes[0] = set * part
	s := newScene(t, sizes...)
	c := s.open(rangecache.Options{Bytes: held * (part + 4<<10), Memory: 1 << 30})
	read := func(key string, parts int) {
		for n := range parts {
			s.want(t.Context(), c, key, int64(n)*part, part)
		}
	}
	for range 2 {
		read("o/0", set)
		closing(t, c) // so that all is written
		c = s.open(rangecache.Options{Bytes: held * (part + 4<<10), Memory: 1 << 30})
	}
	read("o/0", set)
	read("o/0", set)
	for i := range 10 {
		read(fmt.Sprintf("o/%d", i+1), held)
	}
	s.store.times()
	read("o/0", set)
	if missed, _ := s.store.times(); missed > set/2 {
		t.Errorf("%d of %d parts were driven out by one pass over others", missed, set)
	}
	closing(t, c)
}

// TestLimits: the files take no more than they may, nor more of the disk than
// is to spare.
func TestLimits(t *testing.T) {
	s := newScene(t, 100*part)
	for _, l := range []struct {
		name        string
		bytes, free int64
		most        int64
	}{
		{"limit", 20 * part, 1 << 50, 20 * part},
		{"nearly full disk", 1 << 40, 1000*part + 30*part, 30 * part},
		{"full disk", 1 << 40, 0, 0},
	} {
		t.Run(l.name, func(t *testing.T) {
			if err := os.RemoveAll(s.folder); err != nil {
				t.Fatal(err)
			}
			disk := func(string) (free, all int64, err error) { // the cache's own files take of what is free
				_, used := s.files()
				return l.free - used, 10_000 * part, nil
			}
			c := s.open(rangecache.Options{Bytes: l.bytes, Disk: disk})
			for n := range int64(100) {
				s.want(t.Context(), c, "o/0", n*part, part)
			}
			closing(t, c)
			if _, size := s.files(); size > l.most {
				t.Errorf("%d bytes in the folder, want at most %d", size, l.most)
			}
		})
	}
}

// TestAnyDamage does to the folder what disks and people do, while objects are
// read: what is read is always what the store has.
func TestAnyDamage(t *testing.T) {
	s := newScene(t, 1, part-1, part, part+1, 7*part+123)
	rapid.Check(t, func(rt *rapid.T) {
		if err := os.RemoveAll(s.folder); err != nil {
			t.Fatal(err)
		}
		o := rangecache.Options{Bytes: rapid.Int64Range(1, 10*part).Draw(rt, "limit")}
		c := s.open(o)
		defer func() { closing(t, c) }()
		get := func(rt *rapid.T) {
			key := fmt.Sprintf("o/%d", rapid.IntRange(0, 4).Draw(rt, "object"))
			off := rapid.Int64Range(0, int64(len(s.data[key]))-1).Draw(rt, "off")
			ctx := t.Context()
			if rapid.IntRange(0, 9).Draw(rt, "fresh") == 0 {
				ctx = store.Fresh(ctx)
			}
			s.want(ctx, c, key, off, rapid.Int64Range(1, 9*part).Draw(rt, "n"))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"get": get, "get more": get, "get still more": get,
			"damage": func(rt *rapid.T) {
				files, _ := s.files()
				if len(files) == 0 {
					rt.Skip("nothing there")
				}
				damage(rt, rapid.SampledFrom(files).Draw(rt, "file"))
			},
			"lose the folder": func(*rapid.T) { _ = os.RemoveAll(s.folder) },
			"block the folder": func(*rapid.T) {
				_ = os.RemoveAll(s.folder)
				_ = os.WriteFile(s.folder, nil, 0o600)
			},
			"restart": func(*rapid.T) {
				closing(t, c)
				c = s.open(o)
			},
			"restart on a good disk": func(*rapid.T) {
				closing(t, c)
				_ = os.Remove(s.folder) // if it is a file
				c = s.open(o)
			},
		})
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// damage changes a file, which may go at any time.
func damage(rt *rapid.T, path string) {
	data, err := os.ReadFile(path)
	if err != nil || len(data) == 0 {
		return
	}
	switch at := rapid.IntRange(0, len(data)-1).Draw(rt, "at"); rapid.IntRange(0, 3).Draw(rt, "kind") {
	case 0:
		data[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		_ = os.WriteFile(path, data, 0o600)
	case 1:
		_ = os.Truncate(path, int64(at))
	case 2:
		_ = os.Remove(path)
	case 3:
		_ = os.WriteFile(path, append(data, 0), 0o600)
	}
}

// TestAtOnce has many read while parts come and go.
func TestAtOnce(t *testing.T) {
	s := newScene(t, 8*part+1, 3*part, 5*part-1)
	c := s.open(rangecache.Options{Bytes: 6 * part})
	var readers sync.WaitGroup
	for i := range uint64(8) {
		readers.Go(func() {
			random := rand.New(rand.NewPCG(i, 1))
			for range 200 {
				key := fmt.Sprintf("o/%d", random.IntN(3))
				ctx := t.Context()
				if random.IntN(20) == 0 {
					ctx = store.Fresh(ctx)
				}
				if random.IntN(50) == 0 {
					_ = os.RemoveAll(s.folder)
				}
				s.want(ctx, c, key, random.Int64N(int64(len(s.data[key]))), 1+random.Int64N(4*part))
			}
		})
	}
	readers.Wait()
	closing(t, c)
}
