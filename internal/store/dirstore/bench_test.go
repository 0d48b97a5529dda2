package dirstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"aetherfs/internal/store"
	"aetherfs/internal/store/dirstore"
)

const blockBytes = 16 << 20

// random returns bytes that lie skip bytes off an aligned address.
func random(n, skip int) []byte {
	rng := rand.NewChaCha8([32]byte{1})
	data := make([]byte, n+skip)
	_, _ = rng.Read(data)
	return data[skip:]
}

func BenchmarkPutBlock(b *testing.B) {
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"aligned", random(blockBytes, 0)},
		{"bounced", random(blockBytes, 8)},
		{"tail", random(blockBytes+1234, 0)},
	} {
		b.Run(c.name, func(b *testing.B) { putBlocks(b, c.data) })
	}
}

func putBlocks(b *testing.B, data []byte) {
	ctx := context.Background()
	s := open(b, b.TempDir())
	b.SetBytes(int64(len(data)))
	n := 0
	for b.Loop() {
		key := fmt.Sprintf("blocks/%02x/%d", n%4, n)
		n++
		if _, err := s.Put(ctx, key, data, store.Cond{IfAbsent: true}); err != nil {
			b.Fatal(err)
		}
		if err := s.Delete(ctx, key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut1KiB(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("%d-writers", writers), func(b *testing.B) {
			s := open(b, b.TempDir())
			data := random(1<<10, 0)
			b.ResetTimer()
			var n atomic.Int64
			var wg sync.WaitGroup
			for range writers {
				wg.Go(func() { putUntil(b, s, data, &n) })
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
		})
	}
}

// putUntil puts objects in one folder until b.N are.
func putUntil(b *testing.B, s *dirstore.Store, data []byte, n *atomic.Int64) {
	for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
		key := fmt.Sprintf("log/%016x", i)
		if _, err := s.Put(context.Background(), key, data, store.Cond{IfAbsent: true}); err != nil {
			b.Error(err)
			return
		}
	}
}

func BenchmarkGet(b *testing.B) {
	ctx := context.Background()
	s := open(b, b.TempDir())
	if _, err := s.Put(ctx, "blocks/00/block", random(blockBytes, 0), store.Cond{}); err != nil {
		b.Fatal(err)
	}
	for _, size := range []int64{1 << 10, 256 << 10, blockBytes} {
		b.Run(fmt.Sprintf("%d-KiB", size>>10), func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				if _, _, err := s.Get(ctx, "blocks/00/block", store.Range{Off: blockBytes - size, Len: size}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkList100k(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir)
	if err := manyFiles(dir, 100_000); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		n := 0
		for _, err := range s.List(context.Background(), "", "") {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 100_000 {
			b.Fatalf("%d objects listed", n)
		}
	}
}

// manyFiles makes n objects in 256 folders, the quick way: names of one file a
// folder.
func manyFiles(dir string, n int) error {
	for i := range n {
		folder := filepath.Join(dir, "blocks", fmt.Sprintf("%02x", i%256))
		first, name := filepath.Join(folder, "0"), filepath.Join(folder, strconv.Itoa(i))
		if i >= 256 {
			if err := os.Link(first, name); err != nil {
				return err
			}
			continue
		}
		if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(first, nil, 0o600)); err != nil {
			return err
		}
	}
	return nil
}
