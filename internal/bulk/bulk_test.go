package bulk

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

func create(tb testing.TB) *os.File {
	tb.Helper()
	f, err := os.Create(filepath.Join(tb.TempDir(), "bulk"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = f.Close() })
	return f
}

// random returns bytes that lie skip bytes off an aligned address.
func random(n, skip int) []byte {
	data := make([]byte, n+skip)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	return data[skip:]
}

// TestWrite: what is written past the page cache and what is not make one
// file, wherever the data lies in memory and the file is written.
func TestWrite(t *testing.T) {
	for _, head := range []int{0, 3, 4096} { // after 3 bytes no block of the file is whole
		for _, skip := range []int{0, 1} {
			f := create(t)
			want := random(head+directBytes+12_345, skip)
			for _, part := range [][]byte{want[:head], want[head:]} {
				if n, err := Write(f, part); err != nil || n != len(part) {
					t.Errorf("Write of %d bytes = %d, %v", len(part), n, err)
				}
			}
			got, err := os.ReadFile(f.Name())
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("head %d, skip %d: file of %d bytes, %v, is not what was written", head, skip, len(got), err)
			}
		}
	}
}

// BenchmarkWrite is the choice of directBytes: one file, written and
// synced, past the page cache and through it.
func BenchmarkWrite(b *testing.B) {
	for _, size := range []int{256 << 10, 1 << 20, 2 << 20, 4 << 20, 16 << 20} {
		data := random(size, 8)
		for name, write := range map[string]func(*os.File) (int, error){
			"direct":   func(f *os.File) (int, error) { return Write(f, data) },
			"buffered": func(f *os.File) (int, error) { return f.Write(data) },
		} {
			b.Run(fmt.Sprintf("%d-KiB/%s", size>>10, name), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					f := create(b)
					if n, err := write(f); err != nil || n != size {
						b.Fatalf("wrote %d bytes, %v", n, err)
					}
					if err := f.Sync(); err != nil {
						b.Fatal(err)
					}
					b.StopTimer()
					if err := os.Remove(f.Name()); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
			})
		}
	}
}
