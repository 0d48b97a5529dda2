//go:build !race

package dedupe_test

// few is n; under the race detector it is less.
func few(n int) int { return n }
