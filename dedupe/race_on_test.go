//go:build race

package dedupe_test

import "flag"

// few is a part of n: the race detector makes everything some ten times as
// dear, and what it looks for shows in few rounds.
func few(n int) int { return (n + 4) / 5 }

// The command line is read later and may say otherwise.
func init() {
	if err := flag.Set("rapid.checks", "20"); err != nil {
		panic(err)
	}
}
