package backend_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	rnd "math/rand/v2"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/store/dirstore"
)

const (
	largeBytes = 64 << 20  // of a file that is put
	readBytes  = 256 << 20 // of a file that is read: four times the frame cache
	smallBytes = 1 << 10
	clients    = 64 // that put small files at once
	listedKeys = 100_000
	pageKeys   = 1000
)

// benchTree returns a tree with the dataset "bench" in a folder of this
// machine, and how many segments its logs have come to.
func benchTree(b *testing.B) (tree backend.Tree, segments *atomic.Int64) {
	b.Helper()
	ctx := context.Background()
	segments = new(atomic.Int64)
	folder, err := dirstore.Open(b.TempDir(), dirstore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	data, err := dedupe.Open(dedupe.Options{Store: folder, Verify: dedupe.ByCRC, Segment: catalog.SegmentKey})
	if err != nil {
		b.Fatal(err)
	}
	names, err := catalog.Open(ctx, catalog.Options{
		Store: folder, Embedder: data, Rand: rand.Reader, Now: time.Now, Exclusive: true,
		Committed: func(int, int) { segments.Add(1) },
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		for _, end := range []func() error{func() error { return names.Close(ctx) }, data.Close, folder.Close} {
			if err := end(); err != nil {
				b.Error(err)
			}
		}
	})
	tree = backend.New(names, data)
	if err := tree.CreateDataset(ctx, "bench"); err != nil {
		b.Fatal(err)
	}
	return tree, segments
}

// put commits a file alone in its transaction.
func put(ctx context.Context, tree backend.Tree, key string, data io.Reader) error {
	p, err := backend.ParsePath("bench", key)
	if err != nil {
		return err
	}
	tx, err := tree.Begin(ctx, p.Dataset)
	if err != nil {
		return err
	}
	defer tx.Close()
	if err := tx.Put(ctx, p, data, backend.PutOptions{}); err != nil {
		return err
	}
	_, err = tx.Commit(ctx)
	return err
}

// noise returns n bytes that do not shrink.
func noise(n int) []byte {
	data := make([]byte, n)
	_, _ = rnd.NewChaCha8([32]byte{1}).Read(data) // never fails
	return data
}

// text returns n bytes that shrink well.
func text(n int) []byte {
	rng := rnd.New(rnd.NewPCG(1, 1))
	data := make([]byte, 0, n+100)
	for len(data) < n {
		data = fmt.Appendf(data, "%d,2026-01-01T00:00:00Z,customer %d,%x,delivered\n", len(data), rng.IntN(5000), rng.IntN(1<<16))
	}
	return data[:n]
}

// stamp makes every chunk of data one that was never seen.
func stamp(data []byte, n uint64) {
	for i := 0; i+8 <= len(data); i += 4 << 10 {
		binary.BigEndian.PutUint64(data[i:], n<<32+uint64(i))
	}
}

// processors reports the processor time that a benchmark takes for bytes an
// iteration: other load on the machine changes it less than the time.
func processors(b *testing.B, bytes int64) (report func()) {
	used := func() float64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
	}
	before := used()
	return func() { b.ReportMetric((used()-before)/(float64(bytes)*float64(b.N)/(1<<30)), "cpu-s/GiB") }
}

// BenchmarkPut is the whole way of a large file into the store.
func BenchmarkPut(b *testing.B) {
	for _, bench := range []struct {
		name  string
		data  func(int) []byte
		isNew bool
	}{{"noise", noise, true}, {"text", text, true}, {"again", noise, false}} {
		b.Run(bench.name, func(b *testing.B) {
			ctx := context.Background()
			tree, _ := benchTree(b)
			data := bench.data(largeBytes)
			if err := put(ctx, tree, "v1/file", bytes.NewReader(data)); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(largeBytes)
			report := processors(b, largeBytes)
			for n := uint64(1); b.Loop(); n++ {
				if bench.isNew {
					stamp(data, n)
				}
				if err := put(ctx, tree, "v2/file", bytes.NewReader(data)); err != nil {
					b.Fatal(err)
				}
			}
			report()
		})
	}
}

// BenchmarkGet reads a file that the cache cannot hold, and every byte of it is
// verified.
func BenchmarkGet(b *testing.B) {
	for _, bench := range []struct {
		name string
		data func(int) []byte
	}{{"noise", noise}, {"text", text}} {
		b.Run(bench.name, func(b *testing.B) {
			ctx := context.Background()
			tree, _ := benchTree(b)
			if err := put(ctx, tree, "v1/file", bytes.NewReader(bench.data(readBytes))); err != nil {
				b.Fatal(err)
			}
			p := backend.Path{Dataset: "bench", Tag: "v1", Name: "file"}
			b.SetBytes(readBytes)
			report := processors(b, readBytes)
			for b.Loop() {
				f, err := tree.Open(ctx, p)
				if err != nil {
					b.Fatal(err)
				}
				body := f.Stream(0, readBytes)
				if n, err := io.Copy(io.Discard, body); n != readBytes || err != nil {
					b.Fatalf("read %d of %d bytes: %v", n, readBytes, err)
				}
				body.Close()
			}
			report()
		})
	}
}

// BenchmarkPutSmall puts files of 1 KiB, each acknowledged when it is durable.
func BenchmarkPutSmall(b *testing.B) {
	ctx := context.Background()
	tree, segments := benchTree(b)
	var puts atomic.Uint64
	before := segments.Load()
	b.SetParallelism(clients / runtime.GOMAXPROCS(0))
	b.RunParallel(func(pb *testing.PB) {
		data := noise(smallBytes)
		for pb.Next() {
			n := puts.Add(1)
			stamp(data, n)
			if err := put(ctx, tree, fmt.Sprintf("v1/%09d", n), bytes.NewReader(data)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
	b.ReportMetric(float64(b.N)/float64(max(segments.Load()-before, 1)), "puts/segment")
}

// BenchmarkList lists 100,000 keys, all at once and by pages as S3 does.
func BenchmarkList(b *testing.B) {
	ctx := context.Background()
	tree, _ := benchTree(b)
	for first := 0; first < listedKeys; first += pageKeys {
		if err := putEmpty(ctx, tree, first, pageKeys); err != nil {
			b.Fatal(err)
		}
	}
	for _, page := range []int{listedKeys, pageKeys} {
		b.Run(fmt.Sprintf("page=%d", page), func(b *testing.B) {
			for b.Loop() {
				if n := listAll(ctx, b, tree, page); n != listedKeys {
					b.Fatalf("listed %d keys, want %d", n, listedKeys)
				}
			}
			b.ReportMetric(listedKeys*float64(b.N)/b.Elapsed().Seconds(), "keys/s")
		})
	}
}

// putEmpty puts n empty files in one transaction.
func putEmpty(ctx context.Context, tree backend.Tree, first, n int) error {
	tx, err := tree.Begin(ctx, "bench")
	if err != nil {
		return err
	}
	defer tx.Close()
	for i := first; i < first+n; i++ {
		p := backend.Path{Dataset: "bench", Tag: "v1", Name: fmt.Sprintf("folder %d/file %d", i%100, i)}
		if err := tx.Put(ctx, p, bytes.NewReader(nil), backend.PutOptions{}); err != nil {
			return err
		}
	}
	_, err = tx.Commit(ctx)
	return err
}

// listAll lists by pages and returns how many keys there were.
func listAll(ctx context.Context, b *testing.B, tree backend.Tree, page int) int {
	total, after := 0, ""
	for {
		n := 0
		for info, err := range tree.List(ctx, "bench", backend.Query{After: after}) {
			if err != nil {
				b.Fatal(err)
			}
			after = info.Path.Key()
			if n++; n == page {
				break
			}
		}
		if total += n; n < page {
			return total
		}
	}
}
