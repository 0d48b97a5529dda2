package lanes

import (
	"crypto/sha256"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

// TestAppendSHA256: the sums are those of the standard library, whatever the
// lengths, and are appended, on processors of either kind.
func TestAppendSHA256(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.OneOf(rapid.SliceOfN(rapid.Byte(), 0, 200), rapid.SliceOfN(rapid.Byte(), 60, 66), rapid.SliceOfN(rapid.Byte(), 64*20, 64*20+64))
		parts := rapid.SliceOfN(part, 0, 7).Draw(t, "parts")
		checkSums(t, "chosen", AppendSHA256([]Sum256{{1}}, parts...), parts)
		checkSums(t, "in turn", appendInTurn([]Sum256{{1}}, parts), parts)
		if canFuse {
			checkSums(t, "by two", appendByTwo([]Sum256{{1}}, parts), parts)
		}
	})
}

// checkSums wants the sums of parts behind a first one.
func checkSums(t *rapid.T, name string, sums []Sum256, parts [][]byte) {
	if len(sums) != 1+len(parts) || sums[0] != (Sum256{1}) {
		t.Fatalf("%s: %d sums of %d parts, behind %x", name, len(sums)-1, len(parts), sums[0])
	}
	for i, part := range parts {
		if want := sha256.Sum256(part); sums[1+i] != want {
			t.Errorf("%s: SHA-256 of part %d of %d, %d bytes, = %x, want %x", name, i, len(parts), len(part), sums[1+i], want)
		}
	}
}

func BenchmarkSHA256(b *testing.B) {
	var parts [][]byte
	total := 0
	for i := range 8 {
		parts = append(parts, make([]byte, 24<<10+i*3000))
		total += len(parts[i])
	}
	for name, sum := range map[string]func(){
		"two": func() { AppendSHA256(nil, parts...) },
		"one": func() {
			for _, p := range parts {
				sha256.Sum256(p)
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(total))
			before := user()
			for b.Loop() {
				sum()
			}
			b.ReportMetric((user()-before)/(float64(total)*float64(b.N)/(1<<30)), "cpu-s/GiB")
		})
	}
}

// user is the processor time of the process, in seconds, which other load on
// the machine changes less than the time on the clock.
func user() float64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Nano()) / 1e9
}
