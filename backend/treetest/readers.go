package treetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"aetherfs/backend"
)

// testReaders: an open file and a running listing stay on the state in which
// they began.
func testReaders(t *testing.T, newTree Maker) {
	tree, _ := made(t, newTree)
	ctx := t.Context()
	old, new := noise(3<<20), bytes.Repeat([]byte("new"), 1<<20)
	for i := range 5 {
		if _, err := put(t, tree, fmt.Sprintf("v1/%d", i), []byte("x"), backend.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := put(t, tree, "v1/big", old, backend.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	f, err := tree.Open(ctx, path("v1/big"))
	if err != nil {
		t.Fatal(err)
	}
	body := f.Stream(0, f.Info.Size)
	defer body.Close()
	half := make([]byte, 1<<20)
	if _, err := io.ReadFull(body, half); err != nil {
		t.Fatal(err)
	}
	if _, err := put(t, tree, "v1/big", new, backend.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(body)
	if err != nil || !bytes.Equal(append(half, rest...), old) {
		t.Errorf("a file overwritten while it is read gives %d bytes, %v", len(half)+len(rest), err)
	}
	if content(t, tree, "v1/big") != string(new) {
		t.Error("a file opened anew is not the new one")
	}
	var listed []string
	for i, err := range tree.List(ctx, dataset, backend.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, i.Path.Name)
		commit(t, tree, func(tx backend.Tx) error {
			return errors.Join(tx.Remove(ctx, path("v1/4"), backend.Cond{}), tx.Put(ctx, path("v1/9"), strings.NewReader(""), backend.PutOptions{}))
		})
	}
	if got := strings.Join(listed, " "); got != "0 1 2 3 4 big" {
		t.Errorf("a listing during writes gives %q", got)
	}
	for key, want := range map[string]error{
		"":      backend.ErrInvalidKey,
		"a\xff": backend.ErrInvalidKey,
		strings.Repeat("k", backend.MaxKeyBytes+1): backend.ErrKeyTooLong,
	} {
		if _, err := backend.ParsePath(dataset, key); !errors.Is(err, want) {
			t.Errorf("ParsePath(%q) = %v, want %v", key, err, want)
		}
	}
}

// testRaces: of many that create one key exactly one does, and what many put
// at once is all there.
func testRaces(t *testing.T, newTree Maker) {
	tree, reopen := made(t, newTree)
	for round := range 20 {
		key, won := fmt.Sprintf("v1/%d", round), atomic.Int32{}
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				_, err := put(t, tree, key, fmt.Append(nil, i), backend.PutOptions{Cond: backend.Cond{IfNoneMatch: []string{"*"}}})
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, backend.ErrPrecondition):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d of 8 created %s", won.Load(), key)
		}
	}
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for k := range 20 {
				size := 10 << (i % 16)
				if _, err := put(t, tree, fmt.Sprintf("v2/%d/%d", i, k), bytes.Repeat([]byte{byte(i), byte(k)}, size), backend.PutOptions{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	tree = reopen()
	for i := range 16 {
		for k := range 20 {
			want := string(bytes.Repeat([]byte{byte(i), byte(k)}, 10<<(i%16)))
			if got := content(t, tree, fmt.Sprintf("v2/%d/%d", i, k)); got != want {
				t.Fatalf("v2/%d/%d has %d bytes, want %d", i, k, len(got), len(want))
			}
		}
	}
}
