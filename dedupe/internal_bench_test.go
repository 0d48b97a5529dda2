package dedupe

import (
	"math/rand/v2"
	"syscall"
	"testing"
)

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
