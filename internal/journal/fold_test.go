package journal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"aetherfs/internal/journal"
	"aetherfs/internal/store"
)

// TestFolds: several gateways race on one log that they fold, fence and clear
// meanwhile, on a store that fails, stalls, and whose clock jumps by days; now
// and then one crashes, and another takes its place with nothing but the store.
// What TestFaults asks for holds, a sync shows all that was acknowledged before
// it, and nobody ever takes the log for damaged.
func TestFolds(t *testing.T) {
	eachSeed(t, "TestFolds", foldAndRace)
}

const (
	gateways = 3
	clients  = 3 // a gateway
	rounds   = 12
)

// checkpoint is a folder's: the history up to slot N, whole.
type checkpoint struct {
	N       uint64
	Sum     [32]byte
	History []string
}

// checkpointKey sorts the newest checkpoint first.
func checkpointKey(n uint64) string { return fmt.Sprintf("hub/checkpoints/%016x", ^n) }

// folder is an owner that folds.
type folder struct {
	st  store.Store
	log *journal.Log

	mu      sync.Mutex
	flaw    func() error // of an Apply; guarded by mu
	state   checkpoint   // guarded by mu; its history is only ever appended to
	crashed atomic.Bool
}

func openFolder(ctx context.Context, st store.Store, writer byte, ids io.Reader, flaw func() error) (*folder, error) {
	f := &folder{st: st, flaw: flaw}
	l, err := journal.Open(ctx, st, journal.Options{
		Prefix: "hub/log/", Writer: [16]byte{writer}, Rand: ids, Now: time.Now,
		Apply: f.apply, Reload: f.reload,
		Epoch: func() uint64 { return 0 },
	})
	f.log = l
	return f, err
}

func (f *folder) apply(_ context.Context, s *journal.Segment) ([]any, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.flaw(); err != nil {
		return nil, err
	}
	verdicts := make([]any, len(s.Txs))
	for i, tx := range s.Txs {
		verdicts[i] = len(f.state.History)
		f.state.History = append(f.state.History, string(tx.Payload))
	}
	f.state.N, f.state.Sum = s.N, s.Sum
	return verdicts, nil
}

func (f *folder) reload(ctx context.Context) (journal.At, error) {
	var newest store.Info
	for info, err := range f.st.List(ctx, "hub/checkpoints/", "") {
		if err != nil {
			return journal.At{}, err
		}
		newest = info
		break
	}
	if newest.Key != "" {
		b, _, err := f.st.Get(ctx, newest.Key, store.Range{})
		if err != nil {
			return journal.At{}, err
		}
		var c checkpoint
		if err := json.Unmarshal(b, &c); err != nil {
			return journal.At{}, err
		}
		f.mu.Lock()
		if c.N > f.state.N {
			f.state = c
		}
		f.mu.Unlock()
	}
	c := f.now()
	return journal.At{N: c.N, Sum: c.Sum, Date: newest.Date}, nil
}

func (f *folder) now() checkpoint {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state
}

// fold writes a checkpoint of the state.
func (f *folder) fold(ctx context.Context) {
	c := f.now()
	b, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	_, _ = f.st.Put(ctx, checkpointKey(c.N), b, store.Cond{IfAbsent: true})
}

// retire lets go what the newest checkpoint covers.
func (f *folder) retire(ctx context.Context) {
	for info, err := range f.st.List(ctx, "hub/checkpoints/", "") {
		var n uint64
		if _, scan := fmt.Sscanf(strings.TrimPrefix(info.Key, "hub/checkpoints/"), "%x", &n); err != nil || scan != nil {
			return
		}
		_, _ = journal.Retire(ctx, f.st, journal.RetireOptions{Prefix: "hub/log/", UpTo: ^n, Base: ^n, Now: time.Now})
		return
	}
}

// machine is the store as one gateway sees it: its process sleeps now and then
// before and after a request, and when it has crashed nothing it does counts.
type machine struct {
	store.Store
	nap  func()
	dead atomic.Bool
}

var errCrashed = errors.New("crashed")

func (m *machine) around(do func() error) error {
	m.nap()
	if m.dead.Load() {
		return errCrashed
	}
	err := do()
	m.nap()
	if m.dead.Load() {
		return errCrashed
	}
	return err
}

func (m *machine) Get(ctx context.Context, key string, r store.Range) (b []byte, info store.Info, err error) {
	err = m.around(func() (err error) { b, info, err = m.Store.Get(ctx, key, r); return err })
	return b, info, err
}

func (m *machine) Put(ctx context.Context, key string, b []byte, c store.Cond) (info store.Info, err error) {
	err = m.around(func() (err error) { info, err = m.Store.Put(ctx, key, b, c); return err })
	return info, err
}

func (m *machine) Delete(ctx context.Context, key string) error {
	return m.around(func() error { return m.Store.Delete(ctx, key) })
}

func (m *machine) List(ctx context.Context, prefix, after string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		if err := m.around(func() error { return nil }); err != nil {
			yield(store.Info{}, err)
			return
		}
		m.Store.List(ctx, prefix, after)(yield)
	}
}

// world is one run of TestFolds.
type world struct {
	t      *testing.T
	seed   int64
	faulty *store.FaultyStore
	skew   atomic.Int64 // of the store's clock

	mu       sync.Mutex
	rng      *rand.Rand // guarded by mu
	writers  byte       // guarded by mu
	outcomes []outcome  // guarded by mu
	acked    int        // length of the history that is known to be acknowledged; guarded by mu
	folders  []*folder  // guarded by mu
	quiet    bool       // no more flaws and naps; guarded by mu
}

// chance is true once in n times, until the end.
func (w *world) chance(n int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.quiet && w.rng.IntN(n) == 0
}

func (w *world) upTo(d time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(w.rng.Int64N(int64(d)))
}

func (w *world) nap() {
	switch {
	case w.chance(400):
		time.Sleep(w.upTo(2 * time.Minute))
	case w.chance(40):
		time.Sleep(w.upTo(2 * time.Second))
	}
}

func (w *world) flaw() error {
	switch {
	case w.chance(60):
		return errors.New("a node cannot be read")
	case w.chance(60):
		return journal.ErrReload
	}
	return nil
}

// boot opens the log with nothing but the store.
func (w *world) boot(ctx context.Context) (*folder, *machine) {
	m := &machine{Store: store.Retried(w.faulty, store.RetryOptions{}), nap: w.nap}
	w.mu.Lock()
	w.writers++
	writer := w.writers
	w.mu.Unlock()
	ids := bytesOf(w.seed*1000 + int64(writer))
	for range 100 {
		f, err := openFolder(ctx, m, writer, ids, w.flaw)
		if err == nil {
			w.mu.Lock()
			w.folders = append(w.folders, f)
			w.mu.Unlock()
			return f, m
		}
		w.sane("open", err)
		time.Sleep(time.Second)
	}
	w.t.Error("a log could not be opened a hundred times")
	return nil, nil
}

func (w *world) sane(what string, err error) {
	if errors.Is(err, journal.ErrBroken) {
		w.t.Errorf("%s: %v", what, err)
	}
}

// gateway serves clients, and is replaced by another when it crashes.
func (w *world) gateway(ctx context.Context, g int) {
	for life := 0; ; life++ {
		f, m := w.boot(ctx)
		if f == nil {
			return
		}
		var all sync.WaitGroup
		for c := range clients {
			all.Go(func() { w.client(ctx, f, fmt.Sprintf("%d.%d.%d", g, life, c)) })
		}
		all.Go(func() { w.upkeep(ctx, f) })
		crash := w.chance(2) && life < 3
		if crash {
			time.Sleep(w.upTo(20 * time.Second))
			f.crashed.Store(true)
			m.dead.Store(true)
			dead, cancel := context.WithCancel(ctx)
			cancel()
			f.log.Close(dead)
		}
		all.Wait()
		if !crash {
			f.log.Close(ctx)
			return
		}
	}
}

func (w *world) client(ctx context.Context, f *folder, name string) {
	for i := 0; i < rounds && !f.crashed.Load(); i++ {
		if w.chance(3) {
			w.read(ctx, f)
		}
		o := outcome{payload: fmt.Sprintf("%s.%d", name, i), start: time.Now()}
		v, err := f.log.Commit(ctx, journal.Tx{Payload: []byte(o.payload), Records: 1})
		o.err, o.end = err, time.Now()
		w.sane("commit", err)
		w.mu.Lock()
		if err == nil {
			o.verdict = v.(int)
			w.acked = max(w.acked, o.verdict+1)
		}
		w.outcomes = append(w.outcomes, o)
		w.mu.Unlock()
		time.Sleep(w.upTo(3 * time.Second))
	}
}

// read syncs, and compares the state with what was acknowledged before.
func (w *world) read(ctx context.Context, f *folder) {
	w.mu.Lock()
	want := w.acked
	w.mu.Unlock()
	err := f.log.Sync(ctx)
	w.sane("sync", err)
	if got := len(f.now().History); err == nil && got < want {
		w.t.Errorf("a sync shows %d transactions, %d were acknowledged before", got, want)
	}
}

// upkeep folds and retires now and then.
func (w *world) upkeep(ctx context.Context, f *folder) {
	for range 2 * rounds {
		time.Sleep(w.upTo(3 * time.Second))
		switch {
		case f.crashed.Load():
			return
		case w.chance(2):
			f.fold(ctx)
		default:
			f.retire(ctx)
		}
	}
}

// jump makes the store's clock jump: by less than a day, by more, and by more
// than fences stand.
func (w *world) jump() {
	for range rounds {
		time.Sleep(w.upTo(6 * time.Second))
		if w.chance(2) {
			w.skew.Add(int64(w.upTo(40 * 24 * time.Hour)))
		} else {
			w.skew.Add(int64(w.upTo(24 * time.Hour)))
		}
	}
}

func foldAndRace(t *testing.T, seed int64) {
	ctx := t.Context()
	truth := store.NewMemory()
	w := &world{t: t, seed: seed, rng: rand.New(rand.NewPCG(uint64(seed), 7))}
	truth.Now = func() time.Time { return time.Now().Add(time.Duration(w.skew.Load())) }
	w.faulty = store.Faulty(truth, plan(seed))
	var all sync.WaitGroup
	for g := range gateways {
		all.Go(func() { w.gateway(ctx, g) })
	}
	all.Go(w.jump)
	all.Wait()
	w.faulty.Settle()
	w.mu.Lock()
	w.quiet = true
	w.mu.Unlock()
	fresh, err := openFolder(ctx, truth, 255, bytesOf(seed), w.flaw)
	if err != nil {
		t.Fatal(err)
	}
	fresh.log.Close(ctx)
	var replicas []*replica
	for _, f := range w.folders {
		replicas = append(replicas, &replica{history: f.now().History})
	}
	judge(t, fresh.now().History, replicas, w.outcomes)
}
