package dedupe

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// cutAll cuts data that arrives in pieces of the lengths that next returns.
func cutAll(t rapid.TB, avg int, data []byte, next func() int) []int {
	t.Helper()
	c, err := newCutter(avg)
	if err != nil {
		t.Fatal(err)
	}
	var lens []int
	start, seen := 0, 0
	for seen < len(data) {
		seen = min(seen+next(), len(data))
		for {
			n := c.cut(data[start:seen])
			if n == 0 {
				break
			}
			lens = append(lens, n)
			start += n
		}
	}
	if start < len(data) {
		lens = append(lens, len(data)-start)
	}
	return lens
}

func whole() int { return 1 << 62 }

// mixed returns bytes of several kinds: random, repeated, zero.
func mixed(seed uint64, n int) []byte {
	rnd := rand.New(rand.NewPCG(seed, 2))
	var out []byte
	for len(out) < n {
		run := make([]byte, 1+rnd.IntN(100<<10))
		switch rnd.IntN(4) {
		case 0: // zero
		case 1:
			copy(run, bytes.Repeat([]byte("0123456789abcdef"), len(run)/16+1))
		default:
			for i := range run {
				run[i] = byte(rnd.Uint32())
			}
		}
		out = append(out, run...)
	}
	return out[:n]
}

// Where a stream is cut depends on its bytes alone, not on how they arrive,
// and every chunk but the last is within the bounds.
func TestCutsDependOnContentAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		avg := 4096 << rapid.IntRange(0, 6).Draw(t, "avg")
		data := mixed(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 40*avg).Draw(t, "n"))
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "pieces"), 3))
		once := cutAll(t, avg, data, whole)
		pieces := cutAll(t, avg, data, func() int { return 1 + rnd.IntN(2*avg) })
		if !slices.Equal(once, pieces) {
			t.Fatalf("cut at once into %v, in pieces into %v", once, pieces)
		}
		for i, n := range once {
			if n > 4*avg || n < avg/4 && i < len(once)-1 {
				t.Fatalf("chunk %d of %d has %d bytes; average %d", i, len(once), n, avg)
			}
		}
	})
}

// A byte that is inserted changes the chunks around it and no more.
func TestCutsMeetAgainAfterAnInsertion(t *testing.T) {
	const avg = 16 << 10
	for seed := range uint64(50) {
		data := make([]byte, 100*avg)
		rnd := rand.New(rand.NewPCG(seed, 4))
		for i := range data {
			data[i] = byte(rnd.Uint32())
		}
		at := rnd.IntN(len(data) / 2)
		longer := slices.Insert(slices.Clone(data), at, 'x')
		a, b := ends(cutAll(t, avg, data, whole)), ends(cutAll(t, avg, longer, whole))
		changed := 0
		for _, end := range b {
			if old := end - 1; end <= at {
				if !slices.Contains(a, end) {
					changed++
				}
			} else if !slices.Contains(a, old) {
				changed++
			}
		}
		if changed > 8 {
			t.Errorf("seed %d: a byte inserted at %d of %d moved %d of %d cuts", seed, at, len(data), changed, len(b))
		}
	}
}

func ends(lens []int) []int {
	end := 0
	for i, n := range lens {
		end += n
		lens[i] = end
	}
	return lens
}

// The chunks of random bytes have about the length that was asked for.
func TestAverageChunk(t *testing.T) {
	data := benchNoise(32 << 20)
	for avg := MinChunkBytes; avg <= MaxChunkBytes; avg *= 2 {
		n := len(cutAll(t, avg, data, whole))
		if mean := len(data) / n; mean < avg*9/10 || mean > avg*13/10 {
			t.Errorf("chunks of %d bytes on average, want about %d", mean, avg)
		}
	}
}

// The cuts are frozen: with others, no file would find what is stored of it.
func TestGoldenCuts(t *testing.T) {
	var got strings.Builder
	data := mixed(1, 4<<20)
	for _, avg := range []int{16 << 10, 32 << 10, 64 << 10, 256 << 10} {
		fmt.Fprintf(&got, "%d %v\n", avg, cutAll(t, avg, data, whole))
	}
	golden(t, "cuts.txt", []byte(got.String()))
}

// golden compares got with a file of testdata; AETHERFS_GOLDEN=write writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if os.Getenv("AETHERFS_GOLDEN") == "write" {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %d bytes that differ from the %d stored:\n%.500q", name, len(got), len(want), got)
	}
}

func FuzzCut(f *testing.F) {
	f.Add([]byte("hello"), uint16(3))
	f.Add(mixed(7, 100<<10), uint16(1000))
	f.Fuzz(func(t *testing.T, data []byte, piece uint16) {
		a := cutAll(t, MinChunkBytes, data, whole)
		b := cutAll(t, MinChunkBytes, data, func() int { return int(piece) + 1 })
		if !slices.Equal(a, b) {
			t.Fatalf("cut at once into %v, in pieces into %v", a, b)
		}
	})
}

func TestChunkBytesIsChecked(t *testing.T) {
	for _, avg := range []int{-1, 0, 1, 2048, 5000, 512 << 10} {
		if _, err := newCutter(avg); err == nil {
			t.Errorf("newCutter(%d) did not complain", avg)
		}
	}
}

// The hash is that of one byte after the other, and no cut is passed over.
func TestScan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "data")
		from := rapid.Uint64().Draw(t, "hash")
		limit := uint64(1) << rapid.IntRange(50, 62).Draw(t, "limit") // a cut in 4 to 16,384 bytes
		n, h := scan(data, from, limit)
		wantN, want := 0, from
		for i, b := range data {
			if want = want<<1 + gear[b]; want < limit {
				wantN = i + 1
				break
			}
		}
		if n != wantN || h != want {
			t.Fatalf("scan of %d bytes = %d, %x, want %d, %x", len(data), n, h, wantN, want)
		}
	})
}
