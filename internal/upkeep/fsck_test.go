package upkeep_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/store"
	"aetherfs/internal/upkeep"
)

// fsck checks a store as the command does.
func fsck(t *testing.T, st store.Store) []upkeep.Problem {
	t.Helper()
	st = store.ReadOnly(st)
	data, err := dedupe.Open(dedupe.Options{Store: st, Segment: catalog.SegmentKey})
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	var found []upkeep.Problem
	names, err := catalog.Open(t.Context(), catalog.Options{Store: st, Embedder: data, Rand: rand.Reader, Now: time.Now, Exclusive: true})
	if err != nil {
		return append(found, upkeep.Problem{Err: err})
	}
	defer names.Close(context.Background())
	report := func(p upkeep.Problem) { found = append(found, p) }
	if _, err := upkeep.Fsck(t.Context(), upkeep.FsckOptions{Names: names, Bytes: data, ReadData: true, Report: report}); err != nil {
		t.Fatal(err)
	}
	return found
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
