package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// seal is what the signatures within a body are checked with.
type seal struct {
	key       []byte // signing key
	timestamp string
	scope     string
	signature []byte // of the request
}

// Chunks verifies the chain of signatures in a body: each covers the one before
// it, the first that of the request. It is used by one goroutine and allocates
// nothing.
type Chunks struct {
	mac      hash.Hash
	context  string // timestamp and scope, a line each
	previous [2 * sha256.Size]byte
	sum      [sha256.Size]byte
	digits   [2 * sha256.Size]byte
	text     []byte
}

// emptyDigest is the SHA-256 of nothing: of the headers that a chunk has not.
const emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// Chunks returns the verifier of a body whose Payload is Signed.
func (a *Request) Chunks() *Chunks {
	c := &Chunks{
		mac:     hmac.New(sha256.New, a.seal.key),
		context: a.seal.timestamp + "\n" + a.seal.scope + "\n",
	}
	hex.Encode(c.previous[:], a.seal.signature)
	return c
}

// Chunk reports whether signature, in hex, is that of the next chunk, of which
// digest is the SHA-256. The last chunk is empty.
func (c *Chunks) Chunk(signature []byte, digest [sha256.Size]byte) bool {
	return c.verify("AWS4-HMAC-SHA256-PAYLOAD\n", emptyDigest+"\n", signature, digest)
}

// Trailer reports whether signature, in hex, is that of the trailer after the
// last chunk; digest is the SHA-256 of its lines, each "name:value\n".
func (c *Chunks) Trailer(signature []byte, digest [sha256.Size]byte) bool {
	return c.verify("AWS4-HMAC-SHA256-TRAILER\n", "", signature, digest)
}

func (c *Chunks) verify(kind, middle string, signature []byte, digest [sha256.Size]byte) bool {
	hex.Encode(c.digits[:], digest[:])
	c.text = append(c.text[:0], kind...)
	c.text = append(c.text, c.context...)
	c.text = append(c.text, c.previous[:]...)
	c.text = append(c.text, '\n')
	c.text = append(c.text, middle...)
	c.text = append(c.text, c.digits[:]...)

	c.mac.Reset()
	c.mac.Write(c.text)
	hex.Encode(c.previous[:], c.mac.Sum(c.sum[:0]))
	return hmac.Equal(c.previous[:], signature)
}
