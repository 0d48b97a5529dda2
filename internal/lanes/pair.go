// Package lanes computes several digests at once on one core. A digest function
// waits for its own last result most of the time, which is when a processor that
// has the instructions can compute another. Where it has not, the standard
// library does all, one after the other. It is pure.
package lanes

import (
	"crypto/md5"
	"crypto/sha256"
	"hash"
)

// Pair computes the MD5 and the SHA-256 of the same bytes, in the time of MD5
// alone (BenchmarkPair: 1.40 CPU seconds a GiB, MD5 1.40, SHA-256 0.61). It is
// used by one goroutine at a time.
type Pair struct {
	fused       *fused    // nil: the two below do it
	md5, sha256 hash.Hash // nil: fused does it
}

// NewPair returns one that no byte was written to.
func NewPair() *Pair {
	if canFuse {
		return &Pair{fused: newFused()}
	}
	return &Pair{md5: md5.New(), sha256: sha256.New()}
}

// Write implements io.Writer. It returns no error.
func (p *Pair) Write(data []byte) (int, error) {
	if p.fused != nil {
		p.fused.write(data)
		return len(data), nil
	}
	p.md5.Write(data)
	return p.sha256.Write(data)
}

// MD5 returns the MD5 of what was written.
func (p *Pair) MD5() []byte {
	if p.fused != nil {
		return p.fused.sumMD5()
	}
	return p.md5.Sum(nil)
}

// SHA256 returns the SHA-256 of what was written.
func (p *Pair) SHA256() []byte {
	if p.fused != nil {
		return p.fused.sumSHA256()
	}
	return p.sha256.Sum(nil)
}
