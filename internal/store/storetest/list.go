package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"aetherfs/internal/store"
)

// ordered are keys whose order is not that of a walk through folders: '-' and
// '.' sort before '/'.
var ordered = []string{
	"a-", "a-b/c", "a-b/d", "a.b", "a/-", "a/b-c/d", "a/b.c", "a/b/c", "a/b/d/e", "a/bb", "a/c", "a0", "aa", "b",
}

func testListOrder(t *testing.T, open func(t *testing.T) store.Store) {
	s := open(t)
	lists(t, s, "", "", nil)
	lists(t, s, "a/", "", nil)
	for _, i := range []int{5, 12, 0, 3, 9, 1, 13, 7, 2, 11, 6, 4, 10, 8} {
		put(t, s, ordered[i], "x", store.Cond{})
	}
	froms := append(slices.Clone(ordered), "", "A", "a", "a/", "a/b", "a/b/", "a/b/d", "a/b/d/e/f", "a/b0", "a-b", "b/", "z")
	prefixes := append(slices.Clone(froms), "a/b/d/e/", "a//", "a/b/..", "../", "c/")
	for _, prefix := range prefixes {
		for _, after := range froms {
			var want []string
			for _, key := range ordered {
				if strings.HasPrefix(key, prefix) && key > after {
					want = append(want, key)
				}
			}
			lists(t, s, prefix, after, want)
		}
	}
}

// testListPages: many keys, read a page at a time, and described as Get does.
func testListPages(t *testing.T, open func(t *testing.T) store.Store) {
	ctx := context.Background()
	s := open(t)
	var want []string
	for i := range 200 {
		key := fmt.Sprintf("log/%03d", i)
		put(t, s, key, key[:i%7], store.Cond{IfAbsent: true})
		want = append(want, key)
	}
	var got []string
	for after := ""; ; {
		n := 0
		for info, err := range s.List(ctx, "log/", after) {
			if err != nil {
				t.Fatal(err)
			}
			if _, direct, err := s.Get(ctx, info.Key, store.Range{}); err != nil || direct.Size != info.Size || !agree(direct.Modified, info.Modified) {
				t.Errorf("List says %+v, Get %+v, %v", info, direct, err)
			}
			got = append(got, info.Key)
			after = info.Key
			if n++; n == 7 {
				break
			}
		}
		if n == 0 {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages hold %q, want %q", got, want)
	}
}

// testListStops: a list can be left at any object, and begun again.
func testListStops(t *testing.T, open func(t *testing.T) store.Store) {
	s := open(t)
	for _, key := range ordered {
		put(t, s, key, "", store.Cond{})
	}
	list := s.List(context.Background(), "", "")
	for stop := range ordered {
		var got []string
		for info, err := range list {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, info.Key)
			if len(got) == stop+1 {
				break
			}
		}
		if !slices.Equal(got, ordered[:stop+1]) {
			t.Errorf("the first %d objects are %q, want %q", stop+1, got, ordered[:stop+1])
		}
	}
}

// testListProperty: after any puts and deletes, every listing is that of a
// sorted map.
func testListProperty(t *testing.T, open func(t *testing.T) store.Store) {
	ctx := context.Background()
	// Files and folders have names of different lengths, so that no key is
	// another's folder.
	folder := rapid.StringMatching(`[a-b][-.0b]`)
	file := rapid.StringMatching(`[a-b][-.0b]{2}`)
	key := rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(folder, 0, 3).Draw(t, "folders")
		return strings.Join(append(parts, file.Draw(t, "file")), "/")
	})
	part := rapid.StringMatching(`[a-b]?([-.0b/]?[-.0ab/]?){0,4}`)
	s := open(t)
	rapid.Check(t, func(rt *rapid.T) {
		clearStore(t, s)
		model := map[string]bool{}
		for range rapid.IntRange(0, 12).Draw(rt, "changes") {
			k := key.Draw(rt, "key")
			if rapid.IntRange(0, 3).Draw(rt, "delete") == 0 {
				delete(model, k)
				if err := s.Delete(ctx, k); err != nil {
					rt.Fatal(err)
				}
				continue
			}
			model[k] = true
			if _, err := s.Put(ctx, k, []byte(k), store.Cond{}); err != nil {
				rt.Fatal(err)
			}
		}
		for range 5 {
			prefix, after := part.Draw(rt, "prefix"), part.Draw(rt, "after")
			var want []string
			for k := range model {
				if strings.HasPrefix(k, prefix) && k > after {
					want = append(want, k)
				}
			}
			slices.Sort(want)
			if got, err := keys(ctx, s, prefix, after); err != nil || !slices.Equal(got, want) {
				rt.Fatalf("List(%q, %q) = %q, %v, want %q", prefix, after, got, err, want)
			}
		}
	})
}

func clearStore(t *testing.T, s store.Store) {
	ctx := context.Background()
	all, err := keys(ctx, s, "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range all {
		if err := s.Delete(ctx, key); err != nil {
			t.Fatal(err)
		}
	}
}
