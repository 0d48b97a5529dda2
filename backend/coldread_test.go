package backend_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/store"
	"aetherfs/internal/upkeep"
)

// TestCostOfFirstGet: what a file of a dataset costs a gateway that has nothing
// on its disk, in round trips and requests.
func TestCostOfFirstGet(t *testing.T) {
	st := store.NewMemory()
	wanted, other := folded(t, st)
	nothing := func(*testing.T, backend.Tree) {}
	for _, c := range []firstGet{
		{"empty disk", nothing, wanted, 10},
		{"dataset open", func(t *testing.T, tree backend.Tree) { stat(t, tree, missing) }, wanted, 4},
		{"node read", func(t *testing.T, tree backend.Tree) { stat(t, tree, wanted.path) }, wanted, 1},
		{"node and block read", func(t *testing.T, tree backend.Tree) { get(t, tree, other) }, wanted, 1},
	} {
		c.run(t, st)
	}
	firstGet{"empty disk, behind the fold", nothing, behindFold(t, st), 10}.run(t, st)
}

// firstGet is the first GET of a file, and what it may cost.
type firstGet struct {
	name    string
	prepare func(t *testing.T, tree backend.Tree) // which is not counted
	file    held
	trips   float64 // at most
}

func (c firstGet) run(t *testing.T, st store.Store) {
	t.Run(c.name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			far := distant(st)
			h := &house{t: t, st: far}
			var tree backend.Tree
			opening := far.of(func() {
				r, err := catalog.OpenRepository(t.Context(), far, rand.Reader, chunker)
				if err != nil {
					t.Fatal(err)
				}
				h.date = r.Date
				tree = h.open()
			})
			defer h.close()
			c.prepare(t, tree)
			spent := far.of(func() { get(t, tree, c.file) })
			t.Logf("a start: %v", opening)
			t.Logf("a GET: %v", spent)
			if spent.trips > c.trips {
				t.Errorf("a GET takes %.0f round trips, want at most %.0f", spent.trips, c.trips)
			}
			if opening.trips > mostOpening {
				t.Errorf("a start takes %.0f round trips, want at most %d", opening.trips, mostOpening)
			}
		})
	})
}

// TestCostOfCatchingUp: a gateway that writes to a dataset which others have
// folded reads all of its nodes, several at once, and each but once.
func TestCostOfCatchingUp(t *testing.T) {
	st := store.NewMemory()
	folded(t, st)
	nodes := objects(t, st, "/nodes/")
	synctest.Test(t, func(t *testing.T) {
		far := distant(st)
		h := &house{t: t, st: far}
		tree := h.open()
		defer h.close()
		if err := put(t.Context(), tree, "v2/file", bytes.NewReader(fresh(t, smallBytes))); err != nil {
			t.Fatal(err)
		}
		d, err := h.names.Dataset(t.Context(), "bench")
		if err != nil {
			t.Fatal(err)
		}
		meet := func() {
			if err := d.MeetFolded(t.Context()); err != nil {
				t.Error(err)
			}
		}
		spent := far.of(meet)
		t.Logf("%d nodes: %v", nodes, spent)
		if most := float64(1 + nodes/4); spent.trips > most { // the root came with the checkpoint
			t.Errorf("%d nodes are read in %.0f round trips, want at most %.0f", nodes, spent.trips, most)
		}
		if again := far.of(meet); again.count(store.OpGet) > 0 {
			t.Errorf("again: %v", again)
		}
	})
}

// mostOpening is what a start may take, in round trips: for the description of
// the store, and for the checkpoints, the segments' names and the segments of
// the hub.
const mostOpening = 4

// held is a file that is in the tree.
type held struct {
	path backend.Path
	data []byte
}

// chunker is how the store says that its files are cut.
var chunker = catalog.Chunker{Algorithm: "fastcdc", Average: dedupe.DefaultChunkBytes}

// missing is a path without a file.
var missing = backend.Path{Dataset: "bench", Tag: "none", Name: "file"}

// folded fills a store with the dataset "bench", folded, whose tree has nodes
// at three levels: the names are so long that those above the leaves do not
// fit into the root. It returns two files that lie in the same leaf and block.
func folded(t *testing.T, st store.Store) (one, two held) {
	t.Helper()
	const files, nameBytes = 40_000, 120
	ctx := context.Background()
	if _, err := catalog.OpenRepository(ctx, st, rand.Reader, chunker); err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, st: st}
	tree := h.open()
	defer h.close()
	if err := tree.CreateDataset(ctx, "bench"); err != nil {
		t.Fatal(err)
	}
	one.path = backend.Path{Dataset: "bench", Tag: "v1", Name: "a/1"}
	two.path = backend.Path{Dataset: "bench", Tag: "v1", Name: "a/2"}
	for _, f := range []*held{&one, &two} {
		f.data = fresh(t, smallBytes)
		if err := put(ctx, tree, f.path.Key(), bytes.NewReader(f.data)); err != nil {
			t.Fatal(err)
		}
	}
	for n := 0; n < files; n += 1000 {
		tx, err := tree.Begin(ctx, "bench")
		if err != nil {
			t.Fatal(err)
		}
		for range 1000 {
			p := backend.Path{Dataset: "bench", Tag: "v1", Name: hex.EncodeToString(fresh(t, nameBytes))}
			if err := tx.Put(ctx, p, bytes.NewReader(nil), backend.PutOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := tx.Commit(ctx); err != nil {
			t.Fatal(err)
		}
	}
	keeper := upkeep.New(upkeep.Options{Names: h.names, Bytes: h.bytes})
	if err := keeper.Fold(ctx, "bench"); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d nodes", objects(t, st, "/nodes/"))
	return one, two
}

// behindFold puts a file of which no fold knows.
func behindFold(t *testing.T, st store.Store) held {
	t.Helper()
	h := &house{t: t, st: st}
	tree := h.open()
	defer h.close()
	f := held{backend.Path{Dataset: "bench", Tag: "v1", Name: "b"}, fresh(t, smallBytes)}
	if err := put(t.Context(), tree, f.path.Key(), bytes.NewReader(f.data)); err != nil {
		t.Fatal(err)
	}
	return f
}

// objects counts those whose name holds part.
func objects(t *testing.T, st store.Store, part string) int {
	t.Helper()
	n := 0
	for info, err := range st.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(info.Key, part) {
			n++
		}
	}
	return n
}

func stat(t *testing.T, tree backend.Tree, p backend.Path) {
	t.Helper()
	if _, err := tree.Stat(t.Context(), p); err != nil && p != missing {
		t.Fatal(err)
	}
}

// get reads a file as a front end does.
func get(t *testing.T, tree backend.Tree, f held) {
	t.Helper()
	file, err := tree.Open(t.Context(), f.path)
	if err != nil {
		t.Fatal(err)
	}
	body := file.Stream(0, file.Info.Size)
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, f.data) {
		t.Fatal(fmt.Errorf("read %s: %d bytes, %w", f.path, len(got), err))
	}
}
