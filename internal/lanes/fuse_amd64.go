package lanes

import (
	"math"

	"github.com/klauspost/cpuid/v2"
)

// canFuse reports whether the processor has what fuse and two take.
var canFuse = cpuid.CPU.Supports(cpuid.SHA, cpuid.SSSE3, cpuid.SSE4)

// fuse takes whole blocks into three states: p into both of s, and as many of q,
// which are there, into a.
//
//go:noescape
func fuse(s *states, a *sha256State, p, q []byte)

// two takes whole blocks into each of two states: p into a, and as many of q,
// which are there, into b.
//
//go:noescape
func two(a, b *sha256State, p, q []byte)

// sines are MD5's constants: the first 32 bits of the fraction of |sin i|, i
// from 1 on, in radians.
var sines = func() (table [64]uint32) {
	for i := range table {
		table[i] = uint32(uint64(math.Abs(math.Sin(float64(i+1))) * (1 << 32)))
	}
	return table
}()

// roots are SHA-256's constants: the first 32 bits of the fractions of the cube
// roots of the first primes.
var roots = func() (table [64]uint32) {
	n := 0
	for i := 2; n < len(table); i++ {
		if isPrime(i) {
			_, fraction := math.Modf(math.Cbrt(float64(i)))
			table[n] = uint32(fraction * (1 << 32))
			n++
		}
	}
	return table
}()

func isPrime(n int) bool {
	for d := 2; d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return true
}

// swapped turns the bytes of each word around.
var swapped = [16]byte{3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12}
