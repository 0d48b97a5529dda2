package dedupe_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"

	"pgregory.net/rapid"
)

// faults is a plan that can be switched on and off.
type faults struct {
	mu  sync.Mutex
	rnd *rand.Rand
	on  bool
}

func (f *faults) plan(c store.Call) store.Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.on || f.rnd.IntN(4) > 0 {
		return store.Fault{}
	}
	kinds := []store.FaultKind{store.FaultBefore, store.FaultAfter, store.FaultLate, store.FaultShort, store.FaultFlip}
	return store.Fault{Kind: kinds[f.rnd.IntN(len(kinds))], Err: store.ErrInjected, Calls: 1 + f.rnd.IntN(5), Bit: f.rnd.Uint64()}
}

func (f *faults) set(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.on = on
}

type file struct {
	data   []byte
	recipe manifest.Recipe
}

// overlapping makes a stream of pieces that other streams have too.
func overlapping(rnd *rand.Rand) []byte {
	var out []byte
	for range rnd.IntN(6) {
		n := rnd.IntN(200 << 10)
		switch seed := uint64(rnd.IntN(5)); seed {
		case 0:
			out = append(out, make([]byte, n)...)
		case 1, 2:
			out = append(out, text(seed, n)...)
		default:
			out = append(out, noise(seed, n)...)
		}
	}
	return out
}

// Whatever the store does, what was stored is read back exactly or not at all;
// once it works again, exactly.
func TestStreamsThroughAFaultyStore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		rnd := rand.New(rand.NewPCG(seed, 5))
		f := &faults{rnd: rand.New(rand.NewPCG(seed, 6))}
		memory := store.NewMemory()
		s := store.Faulty(memory, f.plan)
		o := dedupe.Options{
			Store: s, Verify: dedupe.Verify(rnd.IntN(2)), CacheBytes: 1 + rnd.Int64N(1<<20),
			BlockMemory: 1 + rnd.Int64N(8<<20), Segment: segmentKey,
		}
		sc := dedupe.Scope{Pool: "p", Dataset: manifest.ID{7}, ChunkBytes: dedupe.MinChunkBytes << rnd.IntN(5), BlockBytes: 1<<20 + rnd.Int64N(3<<20)}
		e, err := dedupe.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = e.Close() }()
		var files []file
		for range 6 {
			if rnd.IntN(4) == 0 { // a cold start
				if err := e.Close(); err != nil {
					t.Fatal(err)
				}
				if e, err = dedupe.Open(o); err != nil {
					t.Fatal(err)
				}
			}
			f.set(rnd.IntN(2) == 0)
			data := overlapping(rnd)
			st, err := e.Store(context.Background(), sc, bytes.NewReader(data))
			if err == nil {
				x := file{data, embed(t, e, memory, sc, uint64(len(files)+1), st)}
				files = append(files, x)
			} else if !errors.Is(err, dedupe.ErrUnavailable) && !errors.Is(err, dedupe.ErrCorrupt) {
				t.Fatalf("store: %v", err)
			}
			for _, x := range files {
				readAround(t, rnd, e, sc.Pool, x, f)
			}
		}
		f.set(false)
		s.Settle()
		for _, x := range files {
			readAround(t, rnd, e, sc.Pool, x, f)
		}
	})
}

// embed puts the small data of a stream into a segment of its own.
func embed(t *rapid.T, e *dedupe.Engine, s store.Store, sc dedupe.Scope, slot uint64, st dedupe.Stored) manifest.Recipe {
	if len(st.Small) == 0 {
		return st.Recipe
	}
	block, err := e.Pack(st.Small)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(context.Background(), segmentKey(sc.Dataset, slot), block, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	b, err := e.Learn(sc.Dataset, slot, 0, block)
	if err != nil {
		t.Fatal(err)
	}
	for i := range st.Recipe {
		if st.Recipe[i].Block == nil {
			st.Recipe[i].Block = b
		}
	}
	return st.Recipe
}

// readAround reads x whole and in a random range. While the store has faults,
// an error will do, but other bytes never.
func readAround(t *rapid.T, rnd *rand.Rand, e *dedupe.Engine, pool string, x file, f *faults) {
	r := e.Open(context.Background(), pool, x.recipe)
	off := rnd.IntN(len(x.data) + 1)
	n := rnd.IntN(len(x.data) - off + 1)
	s := r.Stream(int64(off), int64(n))
	got, err := io.ReadAll(s)
	_ = s.Close()
	want := x.data[off : off+n]
	if !bytes.HasPrefix(want, got) || err == nil && len(got) != len(want) || err != nil && !f.on {
		t.Fatalf("read %d bytes at %d: got %d that match: %v, %v", n, off, len(got), bytes.HasPrefix(want, got), err)
	}
	p := make([]byte, n+10)
	want = x.data[off:min(off+len(p), len(x.data))]
	m, err := r.ReadAt(p, int64(off))
	if !bytes.HasPrefix(want, p[:m]) || err == nil && m < len(p) || errors.Is(err, io.EOF) && m != len(want) || err != nil && !errors.Is(err, io.EOF) && !f.on {
		t.Fatalf("ReadAt(%d bytes, %d) = %d, %v; want %d", len(p), off, m, err, len(want))
	}
}

// objects returns the keys in the store that begin with prefix.
func objects(t testing.TB, s store.Store, prefix string) []string {
	t.Helper()
	var keys []string
	for info, err := range s.List(context.Background(), prefix, "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}

// rewrite replaces an object, which no store but a damaged one does.
func rewrite(t testing.TB, s store.Store, key string, change func([]byte) []byte) {
	t.Helper()
	ctx := context.Background()
	data, _, err := s.Get(ctx, key, store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(ctx, key); err != nil {
		t.Fatal(err)
	}
	if data = change(data); data == nil {
		return
	}
	if _, err := s.Put(ctx, key, data, store.Cond{}); err != nil {
		t.Fatal(err)
	}
}

// A flipped, truncated or missing block is noticed wherever it is read, never
// gives other bytes, and is stored again when its file comes again.
func TestDamagedBlocks(t *testing.T) {
	data := append(noise(1, 300<<10), text(2, 700<<10)...)
	damages := map[string]func([]byte) []byte{
		"missing": func([]byte) []byte { return nil },
		"empty":   func([]byte) []byte { return []byte{} },
		"half":    func(b []byte) []byte { return b[:len(b)/2] },
		"short":   func(b []byte) []byte { return b[:len(b)-1] },
	}
	size := blockSize(t, data)
	for i := range few(20) {
		at := 8 + i*(size-8)/few(20)
		damages[fmt.Sprintf("byte %d of %d flipped", at, size)] = func(b []byte) []byte { b[at%len(b)] ^= 0x10; return b }
	}
	for name, damage := range damages {
		for _, verify := range []dedupe.Verify{dedupe.ByDigest, dedupe.ByCRC} {
			t.Run(fmt.Sprintf("%s/%d", name, verify), func(t *testing.T) {
				s := store.NewMemory()
				warm := engine(t, dedupe.Options{Store: s, Verify: verify, CacheBytes: 1})
				st := put(t, warm, scope, data)
				rewrite(t, s, objects(t, s, "pools/")[0], damage)
				cold := engine(t, dedupe.Options{Store: s, Verify: verify})
				got, err := readAll(cold, st.Recipe)
				if !errors.Is(err, dedupe.ErrCorrupt) && !bytes.Equal(got, data) {
					t.Errorf("cold: read %d bytes, %v", len(got), err)
				}
				got, err = readAll(warm, st.Recipe)
				if err == nil && bytes.Equal(got, data) {
					return // the trailer's bytes, which the warm engine has in memory
				}
				if !errors.Is(err, dedupe.ErrCorrupt) || !bytes.HasPrefix(data, got) {
					t.Fatalf("warm: read %d bytes, %v", len(got), err)
				}
				again := put(t, warm, scope, data)
				if again.NewBytes == 0 {
					t.Error("sent again: nothing was stored")
				}
				check(t, engine(t, dedupe.Options{Store: s, Verify: verify}), again.Recipe, data)
			})
		}
	}
}

func blockSize(t *testing.T, data []byte) int {
	s := store.NewMemory()
	put(t, engine(t, dedupe.Options{Store: s}), scope, data)
	blocks := objects(t, s, "pools/default/blocks/")
	if len(blocks) != 1 {
		t.Fatalf("blocks %v, want one", blocks)
	}
	_, info, err := s.Get(context.Background(), blocks[0], store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	return int(info.Size)
}

// failingReader returns err after some bytes.
func failingReader(n int, err error) io.Reader {
	return io.MultiReader(bytes.NewReader(noise(9, n)), errReader{err})
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestErrorsOfStreams(t *testing.T) {
	mine := errors.New("mine")
	for _, n := range []int{0, 1000, 200 << 10, 3 << 20} {
		s := store.NewMemory()
		e := engine(t, dedupe.Options{Store: s})
		ctx, cancel := context.WithCancel(context.Background())
		for _, want := range []error{mine, io.ErrUnexpectedEOF, fmt.Errorf("cut off: %w", io.EOF)} {
			if _, err := e.Store(ctx, scope, failingReader(n, want)); err != want {
				t.Errorf("%d bytes: error %v, want %v as it is", n, err, want)
			}
		}
		if _, err := e.Store(ctx, scope, bytes.NewReader(noise(1, n+1)), failingWriter{mine}); !errors.Is(err, mine) {
			t.Errorf("%d bytes: error %v, want the writer's", n, err)
		}
		cancel()
		if _, err := e.Store(ctx, scope, bytes.NewReader(noise(1, n+200<<10))); !errors.Is(err, context.Canceled) {
			t.Errorf("%d bytes: error %v, want canceled", n, err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if got := objects(t, s, ""); len(got) > 0 {
			t.Errorf("%d bytes: dropped streams left %v", n, got)
		}
		if _, err := e.Store(context.Background(), scope, strings.NewReader("x")); !errors.Is(err, dedupe.ErrClosed) {
			t.Errorf("closed engine: %v", err)
		}
	}
}

func TestStoreThatRefuses(t *testing.T) {
	for _, refusal := range []error{store.ErrNoSpace, store.ErrPoisoned, store.ErrReadOnly} {
		s := store.Faulty(store.NewMemory(), store.FaultFrom(store.OpPut, 1, store.Fault{Kind: store.FaultBefore, Err: refusal}))
		e := engine(t, dedupe.Options{Store: s})
		_, err := e.Store(context.Background(), scope, bytes.NewReader(noise(1, 1<<20)))
		if !errors.Is(err, dedupe.ErrUnavailable) || !errors.Is(err, refusal) {
			t.Errorf("%v: got %v", refusal, err)
		}
		if got := s.Calls(store.OpPut); got != 1 {
			t.Errorf("%v: sent %d times", refusal, got)
		}
	}
}

// A PUT of unknown outcome is settled: sent again, and found there.
func TestUnknownOutcomeIsSettled(t *testing.T) {
	for _, kind := range []store.FaultKind{store.FaultBefore, store.FaultAfter, store.FaultLate} {
		s := store.Faulty(store.NewMemory(), store.FaultAt(store.OpPut, 1, store.Fault{Kind: kind, Err: store.ErrInjected, Calls: 1}))
		e := engine(t, dedupe.Options{Store: s})
		data := noise(1, 1<<20)
		st := put(t, e, scope, data)
		check(t, engine(t, dedupe.Options{Store: s}), st.Recipe, data)
	}
}
