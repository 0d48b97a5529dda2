package dedupe

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"syscall"
	"testing"

	"aetherfs/internal/lanes"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"

	"github.com/minio/crc64nvme"
)

const benchBytes = 128 << 20

// sink is a store that throws writes away and takes no time.
type sink struct{ store.Store }

func (sink) Put(context.Context, string, []byte, store.Cond) (store.Info, error) {
	return store.Info{}, nil
}

func (sink) List(context.Context, string, string) iter.Seq2[store.Info, error] {
	return func(func(store.Info, error) bool) {}
}

// cpu reports the processor time that the loop takes, which other load on the
// machine changes less than the time on the clock. Call it before the loop and
// what it returns after it.
func cpu(b *testing.B, bytes int64) func() {
	var before syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	return func() {
		var after syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
		ns := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
		b.ReportMetric(float64(ns)/1e9/(float64(bytes)*float64(b.N)/(1<<30)), "cpu-s/GiB")
	}
}

func benchNoise(n int) []byte {
	out := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(out)
	return out
}

// benchText returns n bytes that shrink well.
func benchText(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, 1))
	out := make([]byte, 0, n+64)
	for len(out) < n {
		out = fmt.Appendf(out, "row %d,%d,value of %x\n", len(out), rnd.IntN(1000), rnd.IntN(1<<16))
	}
	return out[:n]
}

var benchScope = Scope{Pool: "default", Dataset: manifest.ID{1}}

func benchEngine(b *testing.B, o Options) *Engine {
	e, err := Open(o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = e.Close() })
	return e
}

// fresh yields pieces of data that no engine has seen: some random bytes of
// every 4 KiB change.
type fresh struct {
	data []byte
	rnd  *rand.ChaCha8
}

func (f *fresh) next() io.Reader {
	for i := 0; i < len(f.data)-8; i += 4 << 10 {
		binary.LittleEndian.PutUint64(f.data[i:], f.rnd.Uint64())
	}
	return bytes.NewReader(f.data)
}

func benchStore(b *testing.B, data []byte, unique bool, also func() []io.Writer) {
	e := benchEngine(b, Options{Store: sink{store.NewMemory()}})
	f := &fresh{data, rand.NewChaCha8([32]byte{2})}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	if !unique {
		if _, err := e.Store(context.Background(), benchScope, bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
	}
	defer cpu(b, int64(len(data)))()
	for b.Loop() {
		in := io.Reader(bytes.NewReader(data))
		if unique {
			in = f.next()
		}
		if _, err := e.Store(context.Background(), benchScope, in, also()...); err != nil {
			b.Fatal(err)
		}
	}
}

func none() []io.Writer    { return nil }
func withMD5() []io.Writer { return []io.Writer{lanes.NewMD5()} }

func BenchmarkStore(b *testing.B) {
	b.Run("unique/noise", func(b *testing.B) { benchStore(b, benchNoise(benchBytes), true, none) })
	b.Run("unique/noise+md5", func(b *testing.B) { benchStore(b, benchNoise(benchBytes), true, withMD5) })
	b.Run("unique/text+md5", func(b *testing.B) { benchStore(b, benchText(benchBytes), true, withMD5) })
	b.Run("again/noise", func(b *testing.B) { benchStore(b, benchNoise(benchBytes), false, none) })
	b.Run("again/noise+md5", func(b *testing.B) { benchStore(b, benchNoise(benchBytes), false, withMD5) })
	b.Run("small/1KiB", func(b *testing.B) { benchStore(b, benchNoise(1<<10), true, withMD5) })
}

func BenchmarkRead(b *testing.B) {
	for _, v := range []struct {
		name   string
		verify Verify
		cache  int64
	}{{"crc", ByCRC, 1 << 20}, {"digest", ByDigest, 1 << 20}, {"cached", ByCRC, 512 << 20}} {
		b.Run(v.name, func(b *testing.B) {
			e := benchEngine(b, Options{Store: store.NewMemory(), Verify: v.verify, CacheBytes: v.cache})
			st, err := e.Store(context.Background(), benchScope, bytes.NewReader(benchNoise(benchBytes)))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(st.Size)
			defer cpu(b, st.Size)()
			for b.Loop() {
				rc := e.Open(context.Background(), benchScope.Pool, st.Recipe).Stream(0, st.Size)
				if n, err := io.Copy(io.Discard, rc); n != st.Size || err != nil {
					b.Fatal(n, err)
				}
				rc.Close()
			}
		})
	}
}

func BenchmarkHash(b *testing.B) {
	data := benchNoise(1 << 20)
	for name, hash := range map[string]func([]byte){
		"md5":    func(p []byte) { md5.Sum(p) },
		"sha256": func(p []byte) { sha256.Sum256(p) },
		"crc64":  func(p []byte) { crc64nvme.Checksum(p) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			defer cpu(b, int64(len(data)))()
			for b.Loop() {
				hash(data)
			}
		})
	}
}

func BenchmarkGear(b *testing.B) {
	data := benchNoise(16 << 20)
	c, err := newCutter(DefaultChunkBytes)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	defer cpu(b, int64(len(data)))()
	for b.Loop() {
		for rest := data; len(rest) > 0; {
			n := c.cut(rest)
			if n == 0 {
				n = c.take(len(rest))
			}
			rest = rest[n:]
		}
	}
}
