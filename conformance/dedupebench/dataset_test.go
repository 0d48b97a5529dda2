package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// small is a hundredth of what is published.
func small(t *testing.T, seed uint64) source {
	return source{dir: t.TempDir(), seed: seed, scale: 0.01}
}

// fingerprint is a digest of the names and bytes below each folder.
func fingerprint(t *testing.T, dirs []string) string {
	t.Helper()
	h := sha256.New()
	for _, dir := range dirs {
		err := eachFile([]string{dir}, func(path string) error {
			name, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			data, err := os.ReadFile(path)
			fmt.Fprintf(h, "%s %d %x\n", name, len(data), sha256.Sum256(data))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func TestASeedMakesTheSameBytes(t *testing.T) {
	for _, d := range datasets() {
		if d.name == "sqlite" || d.name == "kubernetes" {
			continue // made of the same rows by a program; fetched
		}
		t.Run(d.name, func(t *testing.T) {
			var prints []string
			for _, seed := range []uint64{1, 1, 2} {
				dirs, err := d.make(context.Background(), small(t, seed))
				if err != nil {
					t.Fatal(err)
				}
				if len(dirs) != versions {
					t.Fatalf("%d versions, want %d", len(dirs), versions)
				}
				prints = append(prints, fingerprint(t, dirs))
			}
			if prints[0] != prints[1] {
				t.Errorf("seed 1 made %s, then %s", prints[0], prints[1])
			}
			if prints[0] == prints[2] {
				t.Errorf("seeds 1 and 2 both made %s", prints[0])
			}
		})
	}
}

func TestATableChangesAsMuchAsItSays(t *testing.T) {
	const rows = 20_000
	shop := newShop(small(t, 1))
	table := shop.table(rows)
	next, changed, inserted := shop.next(table)
	if got, want := len(changed), int(rows*changedShare); got != want {
		t.Errorf("%d rows changed, want %d", got, want)
	}
	if got, most := len(inserted), int(rows*insertedShare); got > most || got == 0 {
		t.Errorf("%d rows inserted, want 1 to %d", got, most)
	}
	if got, want := len(next), rows+len(inserted); got != want {
		t.Errorf("%d rows, want %d", got, want)
	}
	for i := range next[1:] {
		if next[i].id >= next[i+1].id {
			t.Fatalf("row %d has id %d, the one after %d", i, next[i].id, next[i+1].id)
		}
	}
}

func TestBlocksThatRepeatAreKeptOnce(t *testing.T) {
	dir := t.TempDir()
	data := make([]byte, 3<<20+5) // two different blocks: a full one of zeros and the last
	if err := os.WriteFile(filepath.Join(dir, "zeros"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := fixedBlocks(false)(context.Background(), "", []string{dir, dir})
	if want := int64(1<<20 + 5); err != nil || got != want {
		t.Errorf("two versions keep %d bytes, %v; want %d", got, err, want)
	}
	got, err = wholeFiles(context.Background(), "", []string{dir, dir})
	if want := int64(len(data)); err != nil || got != want {
		t.Errorf("as whole files %d bytes, %v; want %d", got, err, want)
	}
}
