package main

import (
	"math"
	"slices"
)

// median is the middle of the values, or the mean of the two in the middle; it
// is not a number if there are none.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
