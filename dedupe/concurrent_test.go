package dedupe_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// gated is a store whose PUTs wait until the gate is opened.
type gated struct {
	store.Store
	arrived chan string   // a key for each PUT that waits
	gate    chan struct{} // closed to let all through
}

func newGated(s store.Store) *gated {
	return &gated{s, make(chan string, 1000), make(chan struct{})}
}

func (g *gated) Put(ctx context.Context, key string, data []byte, c store.Cond) (store.Info, error) {
	g.arrived <- key
	<-g.gate
	return g.Store.Put(ctx, key, data, c)
}

// async stores data and returns what is to be called for the result.
func async(t *testing.T, e *dedupe.Engine, s dedupe.Scope, r io.Reader) func() dedupe.Stored {
	t.Helper()
	var st dedupe.Stored
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		st, err = e.Store(context.Background(), s, r)
	}()
	return func() dedupe.Stored {
		t.Helper()
		<-done
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
}

// await returns when n streams wait for uploads.
func await(e *dedupe.Engine, n int64) {
	for e.Stats().Waiting < n {
		runtime.Gosched()
	}
}

// Streams that end while a block is being uploaded share the next one.
func TestStreamsShareUploads(t *testing.T) {
	memory := store.NewMemory()
	g := newGated(memory)
	e := engine(t, dedupe.Options{Store: g})
	first := async(t, e, scope, bytes.NewReader(noise(0, 300<<10)))
	<-g.arrived // the first block is on its way

	const n = 20
	var data [n][]byte
	var results [n]func() dedupe.Stored
	for i := range n {
		data[i] = noise(uint64(i+1), 200<<10)
		results[i] = async(t, e, scope, bytes.NewReader(data[i]))
	}
	await(e, n+1)
	close(g.gate)
	first()
	for i := range n {
		check(t, e, results[i]().Recipe, data[i])
	}
	if blocks := objects(t, memory, "pools/"); len(blocks) != 2 {
		t.Errorf("%d blocks, want 2: one for the first stream, one for the %d that came meanwhile", len(blocks), n)
	}
}

// A stream that goes away does not end the block of the others.
func TestCancelHurtsNobodyElse(t *testing.T) {
	g := newGated(store.NewMemory())
	e := engine(t, dedupe.Options{Store: g})
	data := noise(1, 300<<10)
	mine := async(t, e, scope, bytes.NewReader(data))
	<-g.arrived
	ctx, cancel := context.WithCancel(context.Background())
	other := make(chan error)
	go func() {
		_, err := e.Store(ctx, scope, bytes.NewReader(data)) // shares the chunks of mine
		other <- err
	}()
	await(e, 2)
	cancel()
	if err := <-other; err == nil {
		t.Error("a stream whose context ended was stored")
	}
	close(g.gate)
	check(t, e, mine().Recipe, data)
}

// All that wait for a block share its fate.
func TestBlockThatFails(t *testing.T) {
	s := store.Faulty(store.NewMemory(), store.FaultFrom(store.OpPut, 1, store.Fault{Kind: store.FaultBefore, Err: store.ErrNoSpace}))
	g := newGated(s)
	e := engine(t, dedupe.Options{Store: g})
	errs := make(chan error)
	data := noise(1, 300<<10)
	for range 5 {
		go func() {
			_, err := e.Store(context.Background(), scope, bytes.NewReader(data))
			errs <- err
		}()
	}
	await(e, 5)
	close(g.gate)
	for range 5 {
		if err := <-errs; err == nil || !strings.Contains(err.Error(), store.ErrNoSpace.Error()) {
			t.Errorf("got %v, want %v", err, store.ErrNoSpace)
		}
	}
}

// Many streams of many datasets at once, with memory for two blocks.
func TestManyStreams(t *testing.T) {
	s := store.NewMemory()
	e := engine(t, dedupe.Options{Store: s, BlockMemory: 2 << 20, CacheBytes: 4 << 20})
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(i), 7))
			sc := dedupe.Scope{Pool: []string{"a", "b"}[i%2], Dataset: manifest.ID{byte(i % 5)}, BlockBytes: 1 << 20}
			for range few(3) {
				data := append(noise(rnd.Uint64N(8), rnd.IntN(1<<20)), text(rnd.Uint64N(8), 200<<10+rnd.IntN(1<<20))...)
				st, err := e.Store(context.Background(), sc, bytes.NewReader(data), io.Discard)
				if err != nil {
					t.Error(err)
					return
				}
				if len(st.Small) > 0 {
					continue
				}
				body := e.Open(context.Background(), sc.Pool, st.Recipe).Stream(0, st.Size)
				got, err := io.ReadAll(body)
				body.Close()
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("stream %d: read %d of %d bytes, %v", i, len(got), len(data), err)
				}
			}
		})
	}
	wg.Wait()
}

// A stream that stands still does not keep the others from their memory.
func TestStalledStreamHoldsNoMemory(t *testing.T) {
	e := engine(t, dedupe.Options{Store: store.NewMemory(), BlockMemory: 1 << 20})
	pr, pw := io.Pipe()
	sc := scope
	sc.BlockBytes = 1 << 20
	stalled := async(t, e, sc, pr)
	start := noise(1, 900<<10) // some of it is in the open block when the next stream comes
	if _, err := pw.Write(start); err != nil {
		t.Fatal(err)
	}
	other := sc
	other.Dataset = manifest.ID{2}
	data := noise(2, 2<<20)
	st := put(t, e, other, data)
	check(t, e, st.Recipe, data)
	pw.Close()
	check(t, e, stalled().Recipe, start)
}

// A chunk of one pool is not named in another.
func TestPoolsAreApart(t *testing.T) {
	e := engine(t, dedupe.Options{Store: store.NewMemory()})
	data := noise(1, 1<<20)
	put(t, e, scope, data)
	other := scope
	other.Pool = "other"
	if st := put(t, e, other, data); st.ReusedChunks != 0 {
		t.Errorf("%d chunks of another pool were named", st.ReusedChunks)
	}
}

// Chunks that repeat in a stream are stored once.
func TestRepeatsInAStream(t *testing.T) {
	e := engine(t, dedupe.Options{Store: store.NewMemory()})
	data := make([]byte, 64<<20)
	st := put(t, e, scope, data)
	if st.NewChunks != 1 || len(st.Small) != 1 && st.Added > 10<<10 {
		t.Errorf("%d new chunks, %d bytes added for zeros", st.NewChunks, st.Added)
	}
	part := noise(3, 1<<20)
	data = bytes.Repeat(part, 8)
	if st := put(t, e, scope, data); st.NewBytes > 2<<20 {
		t.Errorf("%d new bytes of 8 times %d", st.NewBytes, len(part))
	}
}
