package dedupe_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"aetherfs/dedupe"
	"aetherfs/internal/store"
)

// client is one of a crowd: who reads some of a file or sends one, at its own
// pace, and may lose patience.
type client struct {
	does          string
	file          int
	from, most    int64         // bytes
	starts, pause time.Duration // pause: between two pieces
	patience      time.Duration
}

// A reader that dawdles takes at most 80 minutes for a file. One that leaves does
// not close it for hours, for which nobody else waits. Those who send do wait for each
// other.
const (
	forEver = 3 * time.Hour
	leaves  = 12 * time.Hour
)

// errEnough is of a client that goes away while it is sent something.
var errEnough = errors.New("enough")

// socket is where a client takes n bytes at its pace, and then no more.
type socket struct {
	client
	got []byte
}

func (s *socket) Write(p []byte) (int, error) {
	time.Sleep(s.pause)
	room := s.most - int64(len(s.got))
	n := min(int64(len(p)), room)
	s.got = append(s.got, p[:n]...)
	if n < int64(len(p)) {
		return int(n), errEnough
	}
	return int(n), nil
}

// Read sends noise.
func (s *socket) Read(p []byte) (int, error) {
	time.Sleep(s.pause)
	n := min(int64(len(p)), s.most, 100<<10)
	if s.most -= n; n == 0 {
		return 0, io.EOF
	}
	copy(p[:n], noise(uint64(s.most), int(n)))
	return int(n), nil
}

// crowdFiles are files of all sorts, and the store that has them.
func crowdFiles(t *testing.T) (*store.Memory, []file) {
	s := store.NewMemory()
	e := engine(t, dedupe.Options{Store: s})
	files := []file{{data: noise(1, 5<<20)}, {data: shrunk(24 << 20)}, {data: text(2, 3<<20)}, {data: noise(3, 200<<10)}}
	for i := range files {
		files[i].recipe = put(t, e, scope, files[i].data).Recipe
	}
	var bits file // of thousands of extents
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		f := files[rnd.IntN(3)]
		off, n := rnd.Int64N(2<<20), 1+rnd.Int64N(500)
		bits.recipe = append(bits.recipe, f.recipe.Slice(off, n)...)
		bits.data = append(bits.data, f.data[off:off+n]...)
	}
	return s, append(files, bits)
}

func drawClient(files []file) *rapid.Generator[client] {
	return rapid.Custom(func(rt *rapid.T) client {
		ms := func(label string, of ...int) time.Duration {
			return time.Duration(rapid.SampledFrom(of).Draw(rt, label)) * time.Millisecond
		}
		c := client{
			does: rapid.SampledFrom([]string{"write to", "write to", "read", "read", "read at", "prefetch", "leave", "send"}).Draw(rt, "does"),
			file: rapid.IntRange(0, len(files)-1).Draw(rt, "file"),
		}
		size := int64(len(files[c.file].data))
		c.from = rapid.Int64Range(0, size-1).Draw(rt, "from")
		c.most = rapid.SampledFrom([]int64{1, 100 << 10, 2 << 20, size}).Draw(rt, "most")
		c.starts = ms("starts", 0, 0, 1, 70, 400)
		c.pause = ms("pause", 0, 0, 0, 3, 2000)
		c.patience = ms("patience", 1, 60, 500, 0, 0, 0)
		if c.patience == 0 {
			c.patience = forEver
		}
		return c
	})
}

// run has the client do what it does. What it gets are the file's bytes, and
// without faults it gets all unless it goes away.
func (c client) run(t *testing.T, e *dedupe.Engine, f file, faulty bool) {
	time.Sleep(c.starts)
	ctx, cancel := context.WithTimeout(t.Context(), c.patience)
	defer cancel()
	if c.does == "send" && c.patience == forEver {
		ctx = t.Context()
	}
	s := &socket{client: c}
	want := f.data[c.from:]
	var err error
	switch r := e.Open(ctx, scope.Pool, f.recipe); c.does {
	case "prefetch":
		r.Prefetch(c.most)
		return
	case "send":
		_, err = e.Store(ctx, scope, s)
		want = nil
	case "read at":
		want = want[:min(c.most, int64(len(want)))]
		s.got = make([]byte, len(want))
		var n int
		n, err = r.ReadAt(s.got, c.from)
		s.got = s.got[:n]
	default:
		body := r.Stream(c.from, int64(len(want)))
		switch c.does {
		case "write to":
			_, err = io.Copy(s, body)
		case "read":
			_, err = io.CopyBuffer(struct{ io.Writer }{s}, struct{ io.Reader }{body}, make([]byte, 90<<10))
		case "leave":
			s.got = make([]byte, 1)
			if _, err = io.ReadFull(body, s.got); err == nil {
				time.Sleep(leaves)
				err = errEnough
			} else {
				s.got = nil
			}
		}
		if e := body.Close(); e != nil {
			t.Errorf("%+v: close: %v", c, e)
		}
	}
	if !bytes.HasPrefix(want, s.got) {
		t.Errorf("%+v: got %d bytes that are not the file's", c, len(s.got))
	}
	gone := errors.Is(err, errEnough) || errors.Is(err, context.DeadlineExceeded) && c.patience < forEver
	if err == nil && len(s.got) != len(want) || err != nil && !gone && !faulty {
		t.Errorf("%+v: %d of %d bytes, %v", c, len(s.got), len(want), err)
	}
}

// TestCrowd has a crowd read and send in little memory, at a store that is far
// and may fail, until all have gone: everybody who waits long enough is served,
// and then nothing is held.
func TestCrowd(t *testing.T) {
	memory, files := crowdFiles(t)
	clients := rapid.SliceOfN(drawClient(files), 1, 14)
	rapid.Check(t, func(rt *rapid.T) {
		crowd := clients.Draw(rt, "crowd")
		o := dedupe.Options{
			WorkBytes:   rapid.SampledFrom([]int64{2 << 20, 4 << 20, 16 << 20}).Draw(rt, "work"),
			CacheBytes:  rapid.SampledFrom([]int64{1, 1 << 20, 64 << 20}).Draw(rt, "cache"),
			BlockMemory: 4 << 20,
			Verify:      rapid.SampledFrom([]dedupe.Verify{dedupe.ByDigest, dedupe.ByCRC}).Draw(rt, "verify"),
		}
		percent := rapid.SampledFrom([]uint64{0, 0, 2, 20}).Draw(rt, "faults")
		seed := rapid.Uint64().Draw(rt, "seed")
		closed := rapid.SampledFrom([]time.Duration{0, 0, 0, time.Millisecond, 80 * time.Millisecond, time.Second}).Draw(rt, "closed")
		synctest.Test(t, func(t *testing.T) {
			o.Store = distant(store.Faulty(stored(memory), mishaps(seed, percent)))
			e := engine(t, o)
			var all sync.WaitGroup
			for _, c := range crowd {
				all.Go(func() { c.run(t, e, files[c.file], percent > 0 || closed > 0) })
			}
			if closed > 0 {
				time.Sleep(closed)
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			}
			all.Wait()
			if err := e.Close(); err != nil {
				t.Error(err)
			}
			nothingHeld(t, e)
		})
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// stored is a copy of m, to which more may be added.
func stored(m *store.Memory) store.Store {
	out := store.NewMemory()
	ctx := context.Background()
	for info, err := range m.List(ctx, "", "") {
		if err != nil {
			panic(err)
		}
		data, _, err := m.Get(ctx, info.Key, store.Range{})
		if err == nil {
			_, err = out.Put(ctx, info.Key, data, store.Cond{})
		}
		if err != nil {
			panic(err)
		}
	}
	return out
}

// mishaps plans faults for so many requests in a hundred.
func mishaps(seed, percent uint64) store.Plan {
	var mu sync.Mutex
	rnd := rand.New(rand.NewPCG(seed, 1))
	return func(store.Call) store.Fault {
		mu.Lock()
		defer mu.Unlock()
		if rnd.Uint64N(100) >= percent {
			return store.Fault{}
		}
		kinds := []store.FaultKind{store.FaultBefore, store.FaultAfter, store.FaultSlow, store.FaultShort, store.FaultFlip}
		return store.Fault{
			Kind: kinds[rnd.IntN(len(kinds))], Err: store.ErrInjected, Bit: rnd.Uint64(),
			Delay: time.Duration(rnd.IntN(3000)) * time.Millisecond,
		}
	}
}
