package simulation

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"
)

// dice is chance that depends on the seed and on what is asked, not on when:
// two goroutines that ask in another order get the same answers.
type dice uint64

// of returns the numbers for one purpose.
func (d dice) of(purpose ...any) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, purpose...)
	return rand.New(rand.NewPCG(uint64(d), h.Sum64()))
}

// bytes returns random bytes without end, for ids and nonces.
func (d dice) bytes(purpose ...any) *rand.ChaCha8 {
	rng := d.of(purpose...)
	var key [32]byte
	for i := range key {
		key[i] = byte(rng.Uint32())
	}
	return rand.NewChaCha8(key)
}

// around returns a lognormal duration with that median. It is never round, so
// that hardly two things happen at the same nanosecond.
func around(rng *rand.Rand, median time.Duration) time.Duration {
	return time.Duration(float64(median)*math.Exp(rng.NormFloat64()/2)) + time.Duration(rng.IntN(1000)) + 1
}

// upTo returns a duration below d, small ones as likely as large ones: each
// power of two alike, from a millisecond on.
func upTo(rng *rand.Rand, d time.Duration) time.Duration {
	return time.Duration(float64(time.Millisecond)*math.Pow(float64(d)/float64(time.Millisecond), rng.Float64())) + time.Duration(rng.IntN(1000))
}

// chance is true in that share of cases.
func chance(rng *rand.Rand, share float64) bool { return rng.Float64() < share }

// clockOffset is how wrong a clock is: up to a day, either way.
func clockOffset(rng *rand.Rand) time.Duration {
	return time.Duration((2*rng.Float64() - 1) * float64(24*time.Hour))
}
