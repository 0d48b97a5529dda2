package catalog_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/journal"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// open opens a catalog on st and closes it when the test ends.
func open(t *testing.T, st store.Store) *catalog.Catalog {
	t.Helper()
	bytes, err := dedupe.Open(dedupe.Options{Store: st, Segment: catalog.SegmentKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bytes.Close() })
	c, err := catalog.Open(t.Context(), catalog.Options{Store: st, Embedder: bytes, Rand: rand.Reader, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// reopen closes c and opens the store again.
func reopen(t *testing.T, c *catalog.Catalog, st store.Store) *catalog.Catalog {
	t.Helper()
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return open(t, st)
}

func dataset(t *testing.T, c *catalog.Catalog, name string) *catalog.Dataset {
	t.Helper()
	d, err := c.Dataset(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func create(t *testing.T, c *catalog.Catalog, name string) *catalog.Dataset {
	t.Helper()
	if err := c.Create(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	return dataset(t, c, name)
}

// put commits an empty file.
func put(ctx context.Context, d *catalog.Dataset, name string) error {
	_, err := d.Commit(ctx, nil, &manifest.Put{Tag: "v1", Entry: manifest.Entry{Name: name}})
	return err
}

// holds reports whether a file is there.
func holds(t *testing.T, d *catalog.Dataset, name string) bool {
	t.Helper()
	e, err := d.State().Entry(t.Context(), "v1", name)
	if err != nil {
		t.Fatal(err)
	}
	return e != nil
}

func names(t *testing.T, c *catalog.Catalog) (all []string) {
	t.Helper()
	datasets, err := c.Datasets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for d := range datasets {
		all = append(all, d.Name)
	}
	return all
}

// TestDatasets: what is created, removed and created again is there after
// reopening; a name made again has a log of its own.
func TestDatasets(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	c := open(t, st)
	first := create(t, c, "b")
	create(t, c, "a")
	if err := c.Create(ctx, "b"); !errors.Is(err, manifest.ErrExists) {
		t.Errorf("create again = %v, want ErrExists", err)
	}
	if err := put(ctx, first, "x"); err != nil {
		t.Fatal(err)
	}
	if err := c.Remove(ctx, "b"); !errors.Is(err, manifest.ErrNotEmpty) {
		t.Errorf("remove = %v, want ErrNotEmpty", err)
	}
	c = reopen(t, c, st)
	d := dataset(t, c, "b")
	if d.ID != first.ID || !holds(t, d, "x") {
		t.Errorf("reopened, the dataset is %v with %d files, was %v", d.ID, d.State().Files(), first.ID)
	}
	if _, err := d.Commit(ctx, nil, &manifest.Delete{Tag: "v1", Name: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Remove(ctx, "b"); err != nil {
		t.Fatal(err)
	}
	if err := put(ctx, d, "y"); !errors.Is(err, manifest.ErrClosed) {
		t.Errorf("commit to a removed dataset = %v, want ErrClosed", err)
	}
	for _, err := range []error{c.Remove(ctx, "b"), c.Remove(ctx, "none")} {
		if !errors.Is(err, manifest.ErrNoDataset) {
			t.Errorf("remove what is not there = %v, want ErrNoDataset", err)
		}
	}
	if second := create(t, c, "b"); second.ID == first.ID || second.State().N() != 0 {
		t.Errorf("created again, the dataset is %v at %d", second.ID, second.State().N())
	}
	if got := names(t, reopen(t, c, st)); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("datasets %q", got)
	}
}

// TestHalfRemoved: a process that ended between the two steps of a removal
// leaves a closed log; whoever meets it finishes.
func TestHalfRemoved(t *testing.T) {
	meet := map[string]func(ctx context.Context, c *catalog.Catalog) error{
		"open": func(ctx context.Context, c *catalog.Catalog) error {
			if _, err := c.Dataset(ctx, "set"); !errors.Is(err, manifest.ErrNoDataset) {
				return fmt.Errorf("Dataset = %w, want ErrNoDataset", err)
			}
			return nil
		},
		"remove": func(ctx context.Context, c *catalog.Catalog) error {
			if err := c.Remove(ctx, "set"); !errors.Is(err, manifest.ErrNoDataset) {
				return fmt.Errorf("Remove = %w, want ErrNoDataset", err)
			}
			return nil
		},
		"create": func(ctx context.Context, c *catalog.Catalog) error { return c.Create(ctx, "set") },
	}
	for name, do := range meet {
		t.Run(name, func(t *testing.T) {
			ctx, st := t.Context(), store.NewMemory()
			c := open(t, st)
			old := create(t, c, "set")
			if _, err := old.Commit(ctx, nil, &manifest.Close{}); err != nil {
				t.Fatal(err)
			}
			c = reopen(t, c, st)
			if err := do(ctx, c); err != nil {
				t.Fatal(err)
			}
			if name != "create" {
				if got := names(t, c); len(got) > 0 {
					t.Errorf("datasets %q", got)
				}
				create(t, c, "set")
			}
			if d := dataset(t, c, "set"); d.ID == old.ID || put(ctx, d, "x") != nil {
				t.Errorf("created again, the dataset is %v, was %v", d.ID, old.ID)
			}
		})
	}
}

// TestRemoveHalfWay: a removal that ends between its steps is no refusal, though
// the store refuses the second.
func TestRemoveHalfWay(t *testing.T) {
	var full atomic.Bool
	st := store.NewMemory()
	c := open(t, store.Faulty(st, func(call store.Call) store.Fault {
		if full.Load() && call.Op == store.OpPut && strings.HasPrefix(call.Key, "hub/log/") {
			return store.Fault{Kind: store.FaultBefore, Err: store.ErrNoSpace}
		}
		return store.Fault{}
	}))
	create(t, c, "set")
	full.Store(true)
	if err := c.Remove(t.Context(), "set"); !errors.Is(err, journal.ErrUnknown) {
		t.Errorf("remove = %v, want ErrUnknown", err)
	}
	if _, err := open(t, st).Dataset(t.Context(), "set"); !errors.Is(err, manifest.ErrNoDataset) {
		t.Errorf("the dataset is there: %v", err)
	}
}

// TestRemoveRaces: clients create, fill, empty and remove one name at once.
// Every answer is one that some order of them explains, and a file that was
// acknowledged and not removed is in a dataset that is there.
func TestRemoveRaces(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	c := open(t, st)
	var kept atomic.Int64
	var all sync.WaitGroup
	for client := range 6 {
		all.Go(func() {
			for i := range 40 {
				if err := c.Create(ctx, "set"); err != nil && !errors.Is(err, manifest.ErrExists) {
					t.Errorf("create: %v", err)
				}
				d, err := c.Dataset(ctx, "set")
				if err == nil && client == 0 {
					if err = put(ctx, d, fmt.Sprint(i)); err == nil {
						kept.Add(1)
						_, err = d.Commit(ctx, nil, &manifest.Delete{Tag: "v1", Name: fmt.Sprint(i)})
						kept.Add(-1)
						if errors.Is(err, manifest.ErrClosed) {
							t.Errorf("a dataset with a file in it was removed")
						}
					}
				}
				if err != nil && !errors.Is(err, manifest.ErrNoDataset) && !errors.Is(err, manifest.ErrClosed) {
					t.Errorf("use: %v", err)
				}
				err = c.Remove(ctx, "set")
				if err != nil && !errors.Is(err, manifest.ErrNoDataset) && !errors.Is(err, manifest.ErrNotEmpty) {
					t.Errorf("remove: %v", err)
				}
			}
		})
	}
	all.Wait()
	if err := c.Create(ctx, "set"); err != nil && !errors.Is(err, manifest.ErrExists) {
		t.Fatal(err)
	}
	if err := put(ctx, dataset(t, c, "set"), "last"); err != nil {
		t.Fatal(err)
	}
	c = reopen(t, c, st)
	if d := dataset(t, c, "set"); d.State().Files() != 1 || !holds(t, d, "last") {
		t.Errorf("%d files, want the last one alone", d.State().Files())
	}
}

// TestDropped: what is committed through a handle from before a removal makes
// no more segments.
func TestDropped(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	c := open(t, st)
	d := create(t, c, "set")
	if err := c.Remove(ctx, "set"); err != nil {
		t.Fatal(err)
	}
	n := d.State().N()
	if err := put(ctx, d, "x"); !errors.Is(err, manifest.ErrClosed) || d.State().N() != n {
		t.Errorf("put = %v, and segment %d after %d", err, d.State().N(), n)
	}
}

// TestReadDropped: who reads through a handle from before a removal learns that
// the dataset is closed, not that its log is shut.
func TestReadDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, store.NewMemory())
		d := create(t, c, "set")
		called := c.Moment()
		if err := c.Remove(t.Context(), "set"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // until the log is shut
		if err := d.BeginSync(t.Context(), called)(); err != nil || !d.State().Closed() {
			t.Errorf("sync = %v, closed = %v", err, d.State().Closed())
		}
	})
}

// TestClose: Close returns while datasets are opened and files put, and what
// it let through is there.
func TestClose(t *testing.T) {
	st := store.NewMemory()
	c := open(t, st)
	for i := range 8 {
		create(t, c, fmt.Sprint("set", i))
	}
	c = reopen(t, c, st)
	var all sync.WaitGroup
	acked := make([]atomic.Int64, 8)
	for i := range acked {
		all.Go(func() {
			for n := range int64(1000) {
				d, err := c.Dataset(context.Background(), fmt.Sprint("set", i))
				if err == nil {
					err = put(context.Background(), d, fmt.Sprint(n))
				}
				if err != nil {
					if !errors.Is(err, journal.ErrShut) {
						t.Errorf("a client during Close: %v", err)
					}
					return
				}
				acked[i].Store(n + 1)
			}
		})
	}
	for acked[0].Load() < 5 {
		runtime.Gosched()
	}
	next := reopen(t, c, st)
	all.Wait()
	for i := range acked {
		if got := dataset(t, next, fmt.Sprint("set", i)).State().Files(); got != acked[i].Load() {
			t.Errorf("set%d has %d files, %d were acknowledged", i, got, acked[i].Load())
		}
	}
}

// TestSlowOpen: a dataset that takes long to open keeps neither its asker, whose
// context ends, nor Close, whose context ends.
func TestSlowOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := store.NewMemory()
		setup := open(t, st)
		create(t, setup, "set")
		setup.Close(t.Context())
		slow := store.Faulty(st, func(call store.Call) store.Fault {
			if call.Key != "hub/log/" && call.Op == store.OpList {
				return store.Fault{Kind: store.FaultSlow, Delay: 10 * time.Hour}
			}
			return store.Fault{}
		})
		c := open(t, slow)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if _, err := c.Dataset(ctx, "set"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("Dataset = %v after %v", err, time.Since(start))
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if c.Close(ctx); time.Since(start) != 2*time.Minute {
			t.Errorf("Close after %v", time.Since(start))
		}
	})
}

// TestOpenFails: an error of the store while a dataset is opened is not kept,
// and not taken for damage.
func TestOpenFails(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	setup := open(t, st)
	d := create(t, setup, "set")
	for i := range 5 {
		if err := put(ctx, d, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, op := range []store.Op{store.OpGet, store.OpList} {
		bad := true
		c := open(t, store.Faulty(st, func(call store.Call) store.Fault {
			if bad && call.Op == op && call.Key >= "datasets/" && call.Key < "hub/" {
				return store.Fault{Kind: store.FaultBefore}
			}
			return store.Fault{}
		}))
		if _, err := c.Dataset(ctx, "set"); !errors.Is(err, store.ErrInjected) || errors.Is(err, journal.ErrBroken) {
			t.Errorf("%v fails: Dataset = %v", op, err)
		}
		bad = false
		if got := dataset(t, c, "set").State().Files(); got != 5 {
			t.Errorf("%v works again: %d files, want 5", op, got)
		}
	}
}

// TestUnknownRecord: a dataset whose log holds a record that this version does
// not know answers errors, and the others work.
func TestUnknownRecord(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	c := open(t, st)
	d := create(t, c, "new")
	create(t, c, "old")
	if err := put(ctx, d, "x"); err != nil {
		t.Fatal(err)
	}
	raw, _, err := st.Get(ctx, catalog.SegmentKey(d.ID, 1), store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	seg, err := journal.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	// No blocks, time 0, one record of a kind that is kept for later.
	next := journal.Segment{Owner: d.ID, N: 2, Prev: seg.Sum, Batch: [16]byte{1}, Txs: []journal.Framed{{Payload: []byte{0, 0, 1, 17}}}}
	if _, err := st.Put(ctx, catalog.SegmentKey(d.ID, 2), next.Encode(), store.Cond{IfAbsent: true}); err != nil {
		t.Fatal(err)
	}
	if err := put(ctx, d, "y"); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("commit behind an unknown record = %v, want ErrBroken", err)
	}
	c = reopen(t, c, st)
	if _, err := c.Dataset(ctx, "new"); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("Dataset = %v, want ErrBroken", err)
	}
	if err := c.Remove(ctx, "new"); !errors.Is(err, journal.ErrBroken) {
		t.Errorf("Remove = %v, want ErrBroken", err)
	}
	if err := put(ctx, dataset(t, c, "old"), "x"); err != nil {
		t.Errorf("put into the other = %v", err)
	}
}

// TestManyChunks: what a transaction may bring can be read again, however
// small its chunks; more is refused before it is written.
func TestManyChunks(t *testing.T) {
	ctx, st := t.Context(), store.NewMemory()
	c := open(t, st)
	d := create(t, c, "set")
	for _, at := range []struct{ chunks, size int }{{600_000, 1}, {256 << 10, 300}} {
		if _, err := d.Commit(ctx, chunksOf(at.chunks, at.size), &manifest.Delete{Name: "x"}); !errors.Is(err, journal.ErrTooLarge) {
			t.Errorf("%d chunks of %d bytes: %v, want ErrTooLarge", at.chunks, at.size, err)
		}
	}
	if _, err := d.Commit(ctx, chunksOf(256<<10, 1), &manifest.Delete{Name: "x"}); err != nil {
		t.Errorf("as many chunks as may be: %v", err)
	}
	if got := dataset(t, reopen(t, c, st), "set").State().N(); got != 1 {
		t.Errorf("%d segments, want 1", got)
	}
}

// chunksOf returns n chunks of size bytes that do not compress, under digests
// that are not theirs.
func chunksOf(n, size int) []manifest.Chunk {
	data := make([]byte, n*size)
	_, _ = rand.Read(data)
	chunks := make([]manifest.Chunk, n)
	for i := range chunks {
		binary.BigEndian.PutUint64(chunks[i].Digest[:], uint64(i))
		chunks[i].Data = data[i*size:][:size]
	}
	return chunks
}
