// Package storetest is the contract of store.Store as tests. Every store and
// every wrapper runs it.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"aetherfs/internal/store"
)

// Run tests a store. open returns a new, empty one, and has t clean it up.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, part := range []struct {
		name string
		test func(t *testing.T, open func(t *testing.T) store.Store)
	}{
		{"Objects", testObjects},
		{"Date", testDate},
		{"Ownership", testOwnership},
		{"BadKeys", testBadKeys},
		{"Cancelled", testCancelled},
		{"BigObject", testBigObject},
		{"Ranges", testRanges},
		{"RangeProperty", testRangeProperty},
		{"Pieces", testPieces},
		{"ListOrder", testListOrder},
		{"ListPages", testListPages},
		{"ListStops", testListStops},
		{"ListProperty", testListProperty},
		{"OneWinner", testOneWinner},
		{"WholeOrNone", testWholeOrNone},
		{"ListDuringWrites", testListDuringWrites},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, open) })
	}
}

func testObjects(t *testing.T, open func(t *testing.T) store.Store) {
	ctx := context.Background()
	s := open(t)
	absent(t, s, "a/b")
	if err := s.Delete(ctx, "a/b"); err != nil {
		t.Errorf("Delete of an absent object = %v, want nil", err)
	}
	info := put(t, s, "a/b", "one", store.Cond{IfAbsent: true})
	holds(t, s, "a/b", "one")
	if _, err := s.Put(ctx, "a/b", []byte("two"), store.Cond{IfAbsent: true}); !errors.Is(err, store.ErrExists) {
		t.Errorf("Put if absent of an object that is there = %v, want ErrExists", err)
	}
	holds(t, s, "a/b", "one")
	if _, got, err := s.Get(ctx, "a/b", store.Range{}); err != nil || !agree(got.Modified, info.Modified) {
		t.Errorf("Get: modified %v, %v, want about what Put said: %v", got.Modified, err, info.Modified)
	}
	put(t, s, "a/b", "three", store.Cond{})
	holds(t, s, "a/b", "three")
	put(t, s, "a/c", "", store.Cond{})
	holds(t, s, "a/c", "")
	for range 2 {
		if err := s.Delete(ctx, "a/b"); err != nil {
			t.Errorf("Delete = %v, want nil", err)
		}
		absent(t, s, "a/b")
	}
	put(t, s, "a/b", "four", store.Cond{IfAbsent: true})
	holds(t, s, "a/b", "four")
	absent(t, s, "a/b/c")
	absent(t, s, "a")
	if err := s.Delete(ctx, "a/b/c"); err != nil {
		t.Errorf("Delete under an object = %v, want nil", err)
	}
}

// testDate: a store that has a clock tells its time with each of the answers
// that a writer builds on.
func testDate(t *testing.T, open func(t *testing.T) store.Store) {
	ctx := context.Background()
	s := open(t)
	put := put(t, s, "k", "v", store.Cond{IfAbsent: true})
	_, got, err := s.Get(ctx, "k", store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	exists, err := s.Put(ctx, "k", nil, store.Cond{IfAbsent: true})
	if !errors.Is(err, store.ErrExists) {
		t.Errorf("second Put = %v, want ErrExists", err)
	}
	_, absent, err := s.Get(ctx, "absent", store.Range{})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get = %v, want ErrNotFound", err)
	}
	for answer, info := range map[string]store.Info{"Get": got, "ErrExists": exists, "ErrNotFound": absent} {
		if info.Date.IsZero() != put.Date.IsZero() || info.Date.Sub(put.Date).Abs() > time.Minute {
			t.Errorf("%s has the date %v, where Put had %v", answer, info.Date, put.Date)
		}
	}
}

// agree reports whether two answers may be of the same change.
func agree(a, b time.Time) bool { return a.Sub(b).Abs() <= 2*time.Second }

// testOwnership: what goes in and what comes out is the caller's to modify.
func testOwnership(t *testing.T, open func(t *testing.T) store.Store) {
	ctx := context.Background()
	s := open(t)
	data := []byte("mine")
	if _, err := s.Put(ctx, "k", data, store.Cond{}); err != nil {
		t.Fatal(err)
	}
	clear(data)
	got, _, err := s.Get(ctx, "k", store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	clear(got)
	holds(t, s, "k", "mine")
}

func testBadKeys(t *testing.T, open func(t *testing.T) store.Store) {
	ctx := context.Background()
	s := open(t)
	long := string(bytes.Repeat([]byte("k"), store.MaxKeyBytes))
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", "a/...", "A", "a_b", "a b", "a\x00", "ä", `a\b`, long + "k",
	} {
		if _, err := s.Put(ctx, key, nil, store.Cond{}); !errors.Is(err, store.ErrBadKey) {
			t.Errorf("Put(%q) = %v, want ErrBadKey", key, err)
		}
		if _, _, err := s.Get(ctx, key, store.Range{}); !errors.Is(err, store.ErrBadKey) {
			t.Errorf("Get(%q) = %v, want ErrBadKey", key, err)
		}
		if err := s.Delete(ctx, key); !errors.Is(err, store.ErrBadKey) {
			t.Errorf("Delete(%q) = %v, want ErrBadKey", key, err)
		}
	}
	for _, key := range []string{"a", "0", "-", ".a", "a..b", "a.b/c-d", long} {
		put(t, s, key, key, store.Cond{})
		holds(t, s, key, key)
	}
}

func testCancelled(t *testing.T, open func(t *testing.T) store.Store) {
	s := open(t)
	put(t, s, "k", "before", store.Cond{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := s.Get(ctx, "k", store.Range{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled Get = %v", err)
	}
	if _, err := s.Put(ctx, "k", []byte("after"), store.Cond{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled Put = %v", err)
	}
	if err := s.Delete(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled Delete = %v", err)
	}
	if _, err := keys(ctx, s, "", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled List = %v", err)
	}
	holds(t, s, "k", "before")

	put(t, s, "l", "", store.Cond{})
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	var err error
	for _, err = range s.List(ctx, "", "") {
		cancel()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("List cancelled under way ended with %v", err)
	}
}

// testBigObject: sizes around those where stores change how they write.
func testBigObject(t *testing.T, open func(t *testing.T) store.Store) {
	ctx := context.Background()
	s := open(t)
	pattern := bytes.Repeat([]byte("0123456789abcdef!"), 1<<18) // 4.25 MiB, no power of two
	for i, size := range []int{1<<20 - 1, 1 << 20, 1<<20 + 1, 1<<20 + 4096, 3<<20 + 17} {
		for _, skip := range []int{0, 1} { // aligned in memory, and not
			key := fmt.Sprintf("big-%d-%d", i, skip)
			data := pattern[skip:][:size]
			if _, err := s.Put(ctx, key, data, store.Cond{IfAbsent: true}); err != nil {
				t.Fatal(err)
			}
			got, info, err := s.Get(ctx, key, store.Range{})
			if err != nil || !bytes.Equal(got, data) || info.Size != int64(size) {
				t.Errorf("Get of %d bytes = %d bytes, %+v, %v, not the same", size, len(got), info, err)
			}
		}
	}
}

func put(t *testing.T, s store.Store, key, data string, c store.Cond) store.Info {
	t.Helper()
	info, err := s.Put(context.Background(), key, []byte(data), c)
	if err != nil || info.Key != key || info.Size != int64(len(data)) || info.Modified.IsZero() {
		t.Errorf("Put(%s, %d bytes) = %+v, %v", key, len(data), info, err)
	}
	return info
}

func holds(t *testing.T, s store.Store, key, want string) {
	t.Helper()
	got, info, err := s.Get(context.Background(), key, store.Range{})
	if err != nil || string(got) != want || info.Key != key || info.Size != int64(len(want)) {
		t.Errorf("Get(%s) = %q, %+v, %v, want %q", key, got, info, err, want)
	}
}

func absent(t *testing.T, s store.Store, key string) {
	t.Helper()
	if _, _, err := s.Get(context.Background(), key, store.Range{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get(%s) = %v, want ErrNotFound", key, err)
	}
}

// keys lists keys as List yields them.
func keys(ctx context.Context, s store.Store, prefix, after string) ([]string, error) {
	var all []string
	for info, err := range s.List(ctx, prefix, after) {
		if err != nil {
			return all, err
		}
		all = append(all, info.Key)
	}
	return all, nil
}

func lists(t *testing.T, s store.Store, prefix, after string, want []string) {
	t.Helper()
	got, err := keys(context.Background(), s, prefix, after)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("List(%q, %q) = %q, %v, want %q", prefix, after, got, err, want)
	}
}
