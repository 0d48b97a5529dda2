package journal

import "crypto/sha256"

// seal replaces the last 32 bytes of b by the SHA-256 of what is before them.
func seal(b []byte) []byte {
	if len(b) < sha256.Size {
		return b
	}
	body := b[: len(b)-sha256.Size : len(b)-sha256.Size]
	sum := sha256.Sum256(body)
	return append(body, sum[:]...)
}
