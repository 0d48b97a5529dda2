package dedupe_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"io"
	"iter"
	"testing"

	"aetherfs/dedupe"
	"aetherfs/internal/store"

	"github.com/minio/crc64nvme"
)

const benchBytes = 256 << 20

// sink is a store that throws writes away and takes no time.
type sink struct{ store.Store }

func (sink) Put(context.Context, string, []byte, store.Cond) (store.Info, error) {
	return store.Info{}, nil
}

func (sink) List(context.Context, string, string) iter.Seq2[store.Info, error] {
	return func(func(store.Info, error) bool) {}
}

// fresh yields pieces of data that no engine has seen: data with a number
// before every kilobyte.
type fresh struct {
	data []byte
	n    uint64
}

func (f *fresh) next() io.Reader {
	for i := 0; i < len(f.data); i += 1 << 10 {
		f.n++
		for j := range 8 {
			f.data[i+j] = byte(f.n >> (8 * j))
		}
	}
	return bytes.NewReader(f.data)
}

func benchStore(b *testing.B, data []byte, unique bool, also func() []io.Writer) {
	e := engine(b, dedupe.Options{Store: sink{store.NewMemory()}})
	f := &fresh{data: data}
	in := f.next()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if unique {
			b.StopTimer()
			in = f.next()
			b.StartTimer()
		} else {
			in = bytes.NewReader(data)
		}
		if _, err := e.Store(context.Background(), scope, in, also()...); err != nil {
			b.Fatal(err)
		}
	}
}

func none() []io.Writer    { return nil }
func withMD5() []io.Writer { return []io.Writer{md5.New()} }

func BenchmarkStore(b *testing.B) {
	b.Run("unique/noise", func(b *testing.B) { benchStore(b, noise(1, benchBytes), true, none) })
	b.Run("unique/noise+md5", func(b *testing.B) { benchStore(b, noise(1, benchBytes), true, withMD5) })
	b.Run("unique/text+md5", func(b *testing.B) { benchStore(b, text(1, benchBytes), true, withMD5) })
	b.Run("again/noise", func(b *testing.B) { benchStore(b, noise(1, benchBytes), false, none) })
	b.Run("again/noise+md5", func(b *testing.B) { benchStore(b, noise(1, benchBytes), false, withMD5) })
	b.Run("small/1KiB", func(b *testing.B) { benchStore(b, noise(1, 1<<10), true, withMD5) })
}

func BenchmarkRead(b *testing.B) {
	for _, v := range []struct {
		name   string
		verify dedupe.Verify
		cache  int64
	}{{"crc", dedupe.ByCRC, 1 << 20}, {"digest", dedupe.ByDigest, 1 << 20}, {"cached", dedupe.ByCRC, 512 << 20}} {
		b.Run(v.name, func(b *testing.B) {
			e := engine(b, dedupe.Options{Store: store.NewMemory(), Verify: v.verify, CacheBytes: v.cache})
			st := put(b, e, scope, noise(1, benchBytes))
			b.SetBytes(st.Size)
			for b.Loop() {
				rc := e.Open(context.Background(), scope.Pool, st.Recipe).Stream(0, st.Size)
				if n, err := io.Copy(io.Discard, rc); n != st.Size || err != nil {
					b.Fatal(n, err)
				}
				rc.Close()
			}
		})
	}
}

func BenchmarkHash(b *testing.B) {
	data := noise(1, 1<<20)
	for name, hash := range map[string]func([]byte){
		"md5":    func(p []byte) { md5.Sum(p) },
		"sha256": func(p []byte) { sha256.Sum256(p) },
		"crc64":  func(p []byte) { crc64nvme.Checksum(p) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				hash(data)
			}
		})
	}
}
