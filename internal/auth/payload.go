package auth

import (
	"encoding/hex"
	"strings"
)

// Payload is what a signature says of the body: the value of
// x-amz-content-sha256.
type Payload uint8

// The kinds of payload. The last three are framed by the aws-chunked encoding.
const (
	Unsigned            Payload = iota // nothing
	Digested                           // its SHA-256 is Request.Digest
	SignedChunks                       // each chunk is signed
	SignedChunksTrailer                // each chunk and the trailer are signed
	ChunksTrailer                      // chunks and trailer, not signed
)

// The words of x-amz-content-sha256.
const (
	unsignedPayload     = "UNSIGNED-PAYLOAD"
	signedChunks        = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	signedChunksTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	chunksTrailer       = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	asymmetric          = "STREAMING-AWS4-ECDSA-"
)

// Chunked reports whether the body is in the aws-chunked encoding.
func (p Payload) Chunked() bool { return p >= SignedChunks }

// Signed reports whether the body's chunks carry signatures.
func (p Payload) Signed() bool { return p == SignedChunks || p == SignedChunksTrailer }

// Trailer reports whether a trailer may follow the body's chunks.
func (p Payload) Trailer() bool { return p == SignedChunksTrailer || p == ChunksTrailer }

// setPayload reads the value of x-amz-content-sha256.
func (a *Request) setPayload(value string) error {
	switch value {
	case unsignedPayload:
		a.Payload = Unsigned
		return nil
	case signedChunks:
		a.Payload = SignedChunks
		return nil
	case signedChunksTrailer:
		a.Payload = SignedChunksTrailer
		return nil
	case chunksTrailer:
		a.Payload = ChunksTrailer
		return nil
	}
	if strings.HasPrefix(value, asymmetric) {
		return refuse(NotImplemented, "Signatures of the kind %s are not supported.", value)
	}
	digest, err := hex.DecodeString(value)
	if err != nil || len(digest) != len(a.Digest) {
		return refuse(InvalidArgument, "x-amz-content-sha256 must be %s, %s, %s, %s or a valid sha256 value.",
			unsignedPayload, chunksTrailer, signedChunks, signedChunksTrailer)
	}
	a.Payload, a.Digest = Digested, [len(a.Digest)]byte(digest)
	return nil
}
