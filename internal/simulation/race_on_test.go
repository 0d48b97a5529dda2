//go:build race

package simulation

// raced: goroutines are run in an order that no seed decides.
const raced = true
