package upkeep_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
	"aetherfs/internal/upkeep"
)

// fsck checks a store that nobody uses, as the command does.
func fsck(t *testing.T, st store.Store) []upkeep.Problem {
	t.Helper()
	found, err := fsckOf(t.Context(), t, st, true)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func fsckOf(ctx context.Context, t *testing.T, st store.Store, exclusive bool) ([]upkeep.Problem, error) {
	t.Helper()
	st = store.ReadOnly(st)
	data, err := dedupe.Open(dedupe.Options{Store: st, Segment: catalog.SegmentKey})
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	var found []upkeep.Problem
	names, err := catalog.Open(t.Context(), catalog.Options{Store: st, Embedder: data, Rand: rand.Reader, Now: time.Now, Exclusive: exclusive})
	if err != nil {
		return append(found, upkeep.Problem{Err: err}), nil
	}
	defer names.Close(context.Background())
	report := func(p upkeep.Problem) { found = append(found, p) }
	_, err = upkeep.Fsck(ctx, upkeep.FsckOptions{Names: names, Bytes: data, ReadData: true, Report: report})
	return found, err
}

// stocked is a store with every kind of object: folds, fences, tails, uploads.
func stocked(t *testing.T) store.Store {
	t.Helper()
	st := store.NewMemory()
	g := open(t, st, false)
	for _, name := range []string{"one", "two"} {
		g.create(t, name)
		for round := range 2 {
			for i := range 20 {
				g.mustPut(t, name, fmt.Sprintf("v%d/file-%02d", round, i), noise(200+i))
			}
			g.mustPut(t, name, fmt.Sprintf("v%d/large", round), noise(1<<20))
			p := at(name, fmt.Sprintf("v%d/upload", round))
			id, err := g.tree.CreateUpload(t.Context(), p, backend.UploadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := g.tree.PutPart(t.Context(), p, id, 1, bytes.NewReader(noise(300<<10)), backend.PutOptions{}); err != nil {
				t.Fatal(err)
			}
			if round == 0 {
				if err := g.keep.Fold(t.Context(), name); err != nil {
					t.Fatal(err)
				}
				g.keep.Retire(t.Context())
			}
		}
	}
	return st
}

// TestFsck: nothing is wrong with a sound store, and each object that is
// damaged or gone is found; the files that a block held are named.
func TestFsck(t *testing.T) {
	st := stocked(t)
	if found := fsck(t, st); len(found) > 0 {
		t.Fatalf("a sound store has %d problems, the first: %v", len(found), found[0])
	}
	t.Logf("objects: %v", objects(t, st))
	last := map[string]string{} // of the segments of each log: nothing else in the store knows of it
	for info, err := range st.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		if log, slot, ok := strings.Cut(info.Key, "/log/"); ok {
			last[log] = log + "/log/" + slot
		}
	}
	for info, err := range st.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		good, _, err := st.Get(t.Context(), info.Key, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		flipped := bytes.Clone(good)
		flipped[len(good)/2] ^= 4
		for what, data := range map[string][]byte{"flipped": flipped, "cut": good[:len(good)/2], "gone": nil} {
			replace(t, st, info.Key, data)
			found := fsck(t, st)
			log, _, _ := strings.Cut(info.Key, "/log/")
			may := what == "gone" && (len(good) < 150 || last[log] == info.Key) // an old fence goes by itself
			if len(found) == 0 && !may {
				t.Errorf("%s is %s and nothing is reported", info.Key, what)
			}
			if strings.Contains(info.Key, "/blocks/") && (len(found) == 0 || found[0].Path == "") {
				t.Errorf("%s is %s and no file is named: %v", info.Key, what, found)
			}
		}
		replace(t, st, info.Key, good)
	}
}

// TestFsckComparesRoots: a checkpoint that is sound by itself and says something else
// than its root is told.
func TestFsckComparesRoots(t *testing.T) {
	st := stocked(t)
	checkpoints := 0
	for info, err := range st.List(t.Context(), "datasets/", "") {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(info.Key, "/checkpoints/") {
			continue
		}
		checkpoints++
		good, _, err := st.Get(t.Context(), info.Key, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		for what, lie := range map[string]func(*manifest.Checkpoint){
			"files":   func(cp *manifest.Checkpoint) { cp.Files++ },
			"bytes":   func(cp *manifest.Checkpoint) { cp.Bytes-- },
			"segment": func(cp *manifest.Checkpoint) { cp.Sum[0]++ },
		} {
			cp, err := manifest.DecodeCheckpoint(good)
			if err != nil {
				t.Fatal(err)
			}
			lie(cp)
			replace(t, st, info.Key, cp.Encode())
			if found := fsck(t, st); len(found) == 0 {
				t.Errorf("%s tells of other %s than its root and nothing is reported", info.Key, what)
			}
		}
		replace(t, st, info.Key, good)
	}
	if checkpoints == 0 {
		t.Error("there are no checkpoints")
	}
}

// TestFsckNamesAllFiles: a damaged block that files of several datasets share
// is told of each of them.
func TestFsckNamesAllFiles(t *testing.T) {
	st := store.NewMemory()
	g := open(t, st, false)
	shared := noise(1 << 20)
	for _, name := range []string{"one", "two", "three"} {
		g.create(t, name)
		g.mustPut(t, name, "v1/file", shared)
	}
	for info, err := range st.List(t.Context(), "pools/", "") {
		if err != nil {
			t.Fatal(err)
		}
		data, _, err := st.Get(t.Context(), info.Key, store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 4
		replace(t, st, info.Key, data)
	}
	named := map[string]bool{}
	for _, p := range fsck(t, st) {
		named[p.Dataset+"/"+p.Tag+"/"+p.Path] = true
	}
	if len(named) != 3 || !named["one/v1/file"] || !named["two/v1/file"] || !named["three/v1/file"] {
		t.Errorf("the files that cannot be read are %v, want that of each dataset", named)
	}
}

// whenRead calls do once, before the first read of an object whose key fits.
type whenRead struct {
	store.Store
	fits func(key string, r store.Range) bool
	do   func()
	once sync.Once
}

func (w *whenRead) Get(ctx context.Context, key string, r store.Range) ([]byte, store.Info, error) {
	if w.fits(key, r) {
		w.once.Do(w.do)
	}
	if err := ctx.Err(); err != nil {
		return nil, store.Info{}, err
	}
	return w.Store.Get(ctx, key, r)
}

// ofBlock reports whether a read is of a block, which may be embedded in a
// segment: nothing else is read from the middle on.
func ofBlock(_ string, r store.Range) bool { return r.Off > 0 }

// TestFsckOfStoreInUse: a log that is folded while it is checked has no
// problems.
func TestFsckOfStoreInUse(t *testing.T) {
	st := store.NewMemory()
	g := open(t, st, false)
	g.create(t, "one")
	for i := range 10 {
		g.mustPut(t, "one", fmt.Sprintf("v1/file-%d", i), noise(500))
	}
	folded := false
	used := &whenRead{Store: st, fits: ofBlock, do: func() {
		if err := g.keep.Fold(t.Context(), "one"); err != nil {
			t.Fatal(err)
		}
		g.keep.Retire(t.Context())
		folded = objects(t, st)["fences"] > 0
	}}
	if found, err := fsckOf(t.Context(), t, used, false); err != nil || len(found) > 0 {
		t.Errorf("found %v, %v, want nothing", found, err)
	}
	if !folded {
		t.Error("no segment made way during the check")
	}
}

// TestFsckEnds: a check that is told to end reports nothing of the rest.
func TestFsckEnds(t *testing.T) {
	st := stocked(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := &whenRead{Store: st, fits: ofBlock, do: cancel}
	if found, err := fsckOf(ctx, t, ended, true); !errors.Is(err, context.Canceled) || len(found) > 0 {
		t.Errorf("found %v, %v, want nothing but the end", found, err)
	}
}

// TestProblemIsALine: whatever the file's name.
func TestProblemIsALine(t *testing.T) {
	p := upkeep.Problem{Dataset: "d", Tag: "v1", Path: "a\nb\x1b[2J", Err: errors.New("gone")}
	if got, want := p.String(), `d/"v1/a\nb\x1b[2J": gone`; got != want {
		t.Errorf("the problem is told as %q, want %q", got, want)
	}
	p.Path, p.Err = "größe 1.txt", errors.Join(p.Err, errors.New("damaged"))
	if got, want := p.String(), "d/v1/größe 1.txt: gone; damaged"; got != want {
		t.Errorf("the problem is told as %q, want %q", got, want)
	}
}

// replace makes an object hold other bytes; nil: none.
func replace(t *testing.T, st store.Store, key string, data []byte) {
	t.Helper()
	if err := st.Delete(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	if data == nil {
		return
	}
	if _, err := st.Put(t.Context(), key, data, store.Cond{}); err != nil {
		t.Fatal(err)
	}
}
