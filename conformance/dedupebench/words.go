package main

import (
	"math/rand/v2"
	"strings"
)

var syllables = strings.Fields(`an ar ba be ca ce co con da de di en er es fi fo ge ha he im in is it ja ka la le li lo ma me
	mi mo na ne no nu of on op or pa pe po pro ra re ri ro sa se si so st sta ta te ter ti tion to tra un ve vi wa wo za`)

// newWords makes n different words of two to four syllables.
func newWords(rng *rand.Rand, n int) []string {
	seen := map[string]bool{}
	words := make([]string, 0, n)
	for len(words) < n {
		var w strings.Builder
		for range 2 + rng.IntN(3) {
			w.WriteString(syllables[rng.IntN(len(syllables))])
		}
		if !seen[w.String()] {
			seen[w.String()] = true
			words = append(words, w.String())
		}
	}
	return words
}
