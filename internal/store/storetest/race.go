package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"aetherfs/internal/store"
)

// testOneWinner: of 32 that race to create a name exactly one wins, and all see
// its bytes from then on.
func testOneWinner(t *testing.T, open func(t *testing.T) store.Store) {
	ctx := context.Background()
	s := open(t)
	for round := range 5 {
		key := fmt.Sprintf("new-folder-%d/slot", round)
		var winners atomic.Int64
		var won atomic.Value
		saw := make([]string, 32)
		together(len(saw), func(i int) {
			mine := fmt.Sprintf("writer %d", i)
			_, err := s.Put(ctx, key, []byte(mine), store.Cond{IfAbsent: true})
			switch {
			case err == nil:
				winners.Add(1)
				won.Store(mine)
			case !errors.Is(err, store.ErrExists):
				t.Errorf("racing Put = %v, want nil or ErrExists", err)
			}
			got, _, err := s.Get(ctx, key, store.Range{})
			if err != nil {
				t.Errorf("Get after a racing Put = %v", err)
			}
			saw[i] = string(got)
		})
		if n := winners.Load(); n != 1 {
			t.Fatalf("%d writers won, want 1", n)
		}
		for i := range saw {
			if saw[i] != won.Load() {
				t.Errorf("writer %d saw %q, want %q", i, saw[i], won.Load())
			}
		}
	}
}

// testWholeOrNone: while an object is written over and deleted, a reader sees
// one writer's bytes, or nothing.
func testWholeOrNone(t *testing.T, open func(t *testing.T) store.Store) {
	ctx := context.Background()
	s := open(t)
	together(8, func(i int) {
		for n := range 20 {
			switch {
			case i < 3:
				if _, err := s.Put(ctx, "k", bytes.Repeat([]byte{byte('a' + i)}, 5_000+i), store.Cond{}); err != nil {
					t.Errorf("Put = %v", err)
				}
			case i == 3 && n%4 == 0:
				if err := s.Delete(ctx, "k"); err != nil {
					t.Errorf("Delete = %v", err)
				}
			default:
				got, _, err := s.Get(ctx, "k", store.Range{})
				if errors.Is(err, store.ErrNotFound) {
					continue
				}
				if err != nil || !whole(got) {
					t.Errorf("Get beside writers = %d bytes, %v, want one writer's", len(got), err)
				}
			}
		}
	})
}

// whole reports whether data is what one writer of testWholeOrNone wrote.
func whole(data []byte) bool {
	n := len(data) - 5_000
	return 0 <= n && n < 3 && bytes.Count(data, []byte{byte('a' + n)}) == len(data)
}

// testListDuringWrites: a list beside writers is in order, and shows what was
// there before it began and was left alone.
func testListDuringWrites(t *testing.T, open func(t *testing.T) store.Store) {
	ctx := context.Background()
	s := open(t)
	var stay []string
	for i := range 50 {
		key := fmt.Sprintf("d%d/stays-%02d", i%3, i)
		put(t, s, key, "", store.Cond{})
		stay = append(stay, key)
	}
	together(4, func(i int) {
		for n := range 15 {
			if i == 0 {
				checkList(t, s, stay)
				continue
			}
			mine := fmt.Sprintf("d%d/comes-%d-%d", n%4, i, n)
			put(t, s, mine, "x", store.Cond{IfAbsent: true})
			got, err := keys(ctx, s, mine, "")
			if err != nil || !slices.Equal(got, []string{mine}) {
				t.Errorf("List after Put(%s) = %q, %v", mine, got, err)
			}
			if err := s.Delete(ctx, mine); err != nil {
				t.Errorf("Delete = %v", err)
			}
			if got, err := keys(ctx, s, mine, ""); err != nil || len(got) != 0 {
				t.Errorf("List after Delete(%s) = %q, %v", mine, got, err)
			}
		}
	})
}

func checkList(t *testing.T, s store.Store, stay []string) {
	got, err := keys(context.Background(), s, "", "")
	if err != nil || !slices.IsSorted(got) {
		t.Errorf("List beside writers = %q, %v, want it sorted", got, err)
	}
	for _, key := range stay {
		if _, ok := slices.BinarySearch(got, key); !ok {
			t.Errorf("List beside writers lacks %s", key)
		}
	}
}

// together runs f(0) to f(n-1) at once and waits for all.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}
