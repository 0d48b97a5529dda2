package s3api

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"strings"

	"aetherfs/internal/auth"
)

// Limits of the aws-chunked encoding.
const (
	// maxChunkLine bounds the line before a chunk and each one of the trailer;
	// the longest that means something has 101 bytes. Ours.
	maxChunkLine = 4 << 10 // bytes

	// maxTrailerLines bounds the trailer: one checksum, one signature, and the
	// empty lines that clients put between and behind them. Ours.
	maxTrailerLines = 8

	// minSignedChunk is the least size of a signed chunk but the last: each
	// costs a signature. S3's.
	minSignedChunk = 8 << 10 // bytes
)

// chunkReader decodes the aws-chunked encoding and verifies the signatures in
// it:
//
//	body    := chunk* last trailer
//	chunk   := size [signature] CRLF bytes CRLF
//	last    := "0" [signature] CRLF
//	size    := hexadecimal digits
//	signature := ";chunk-signature=" 64 hexadecimal digits
//	trailer := field* [CRLF] ["x-amz-trailer-signature:" 64 hexadecimal digits CRLF] CRLF [CRLF]
//	field   := name ":" value (LF | CRLF)
//
// The two optional empty lines and the bare LF are there for minio-go. A byte
// of a chunk's last piece is handed out only after the chunk was verified, and
// io.EOF only after the trailer was. Reading allocates nothing.
type chunkReader struct {
	src      *bufio.Reader
	max      int64 // bytes, of one chunk
	trailers bool  // fields may follow the last chunk

	chain     *auth.Chunks // nil: nothing is signed
	hash      hash.Hash    // of the current chunk, if signed
	digest    [sha256.Size]byte
	signature [2 * sha256.Size]byte // of the current chunk

	size    int64 // of the current chunk
	left    int64 // bytes of it
	trailer []Field
}

func newChunkReader(src io.Reader, a *auth.Request, most int64) *chunkReader {
	c := &chunkReader{src: bufio.NewReaderSize(src, maxChunkLine), max: most, trailers: a.Payload.Trailer()}
	if a.Payload.Signed() {
		c.chain, c.hash = a.Chunks(), sha256.New()
	}
	return c
}

// Read implements io.Reader.
func (c *chunkReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if c.left == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	n, err := c.src.Read(p[:min(c.left, int64(len(p)))])
	c.left -= int64(n)
	if c.chain != nil {
		c.hash.Write(p[:n])
	}
	if c.left == 0 {
		err = c.end()
	}
	if err != nil {
		return 0, cut(err)
	}
	return n, nil
}

// next reads the line before a chunk. At the last chunk it reads the trailer
// too, and returns io.EOF.
func (c *chunkReader) next() error {
	last := c.size
	line, err := c.line()
	if err != nil {
		return err
	}
	if err := c.parse(line); err != nil {
		return err
	}
	if c.size == 0 {
		if err := c.verify(); err != nil {
			return err
		}
		return c.readTrailer()
	}
	if c.chain != nil && last > 0 && last < minSignedChunk {
		return fail("InvalidChunkSizeError", "Only the last chunk is allowed to have a size less than %d bytes", minSignedChunk)
	}
	return nil
}

// parse reads "size" or "size;chunk-signature=digits".
func (c *chunkReader) parse(line []byte) error {
	line, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok {
		return malformedChunk()
	}
	digits, extension, signed := bytes.Cut(line, []byte(";"))
	if signed != (c.chain != nil) {
		return malformedChunk()
	}
	if signed {
		signature, ok := bytes.CutPrefix(extension, []byte("chunk-signature="))
		if !ok || len(signature) != len(c.signature) {
			return malformedChunk()
		}
		copy(c.signature[:], signature)
	}
	size, ok := parseHex(digits)
	if !ok || size > c.max {
		return fail("InvalidChunkSizeError", "The size of a chunk is not a hexadecimal number, or it is too large.")
	}
	c.size, c.left = size, size
	return nil
}

// parseHex parses 1 to 15 hexadecimal digits, which fit an int64.
func parseHex(digits []byte) (int64, bool) {
	if len(digits) == 0 || len(digits) > 15 {
		return 0, false
	}
	var n int64
	for _, d := range digits {
		switch {
		case d >= '0' && d <= '9':
			n = n<<4 | int64(d-'0')
		case d >= 'a' && d <= 'f':
			n = n<<4 | int64(d-'a'+10)
		case d >= 'A' && d <= 'F':
			n = n<<4 | int64(d-'A'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

// end reads the CRLF behind a chunk's bytes and verifies the chunk.
func (c *chunkReader) end() error {
	for _, want := range []byte("\r\n") {
		got, err := c.src.ReadByte()
		if err != nil {
			return cut(err)
		}
		if got != want {
			return malformedChunk()
		}
	}
	return c.verify()
}

// verify compares the signature of the current chunk.
func (c *chunkReader) verify() error {
	if c.chain == nil {
		return nil
	}
	c.hash.Sum(c.digest[:0])
	c.hash.Reset()
	if !c.chain.Chunk(c.signature[:], c.digest) {
		return badChunkSignature()
	}
	return nil
}

// readTrailer reads to the end of the body, and returns io.EOF if the trailer
// is well-formed and its signature right.
func (c *chunkReader) readTrailer() error {
	var signature []byte
	closed := false // an empty line was seen
	for range maxTrailerLines {
		line, err := c.src.ReadSlice('\n')
		if err == io.EOF && len(line) == 0 && closed {
			return c.verifyTrailer(signature)
		}
		if err != nil {
			return cut(err)
		}
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		name, value, ok := strings.Cut(string(line), ":")
		name = strings.ToLower(name)
		switch {
		case len(line) == 0:
			closed = true
		case !ok || !c.trailers || signature != nil:
			return malformedTrailer()
		case name == "x-amz-trailer-signature":
			signature, closed = []byte(value), false
		case closed:
			return malformedTrailer()
		default:
			c.trailer = append(c.trailer, Field{name, strings.TrimSpace(value)})
		}
	}
	return malformedTrailer()
}

// verifyTrailer compares the trailer's signature, which is there if, and only
// if, chunks are signed and a trailer may follow.
func (c *chunkReader) verifyTrailer(signature []byte) error {
	if (signature != nil) != (c.chain != nil && c.trailers) {
		return malformedTrailer()
	}
	if signature == nil {
		return io.EOF
	}
	for _, f := range c.trailer {
		io.WriteString(c.hash, f.Name+":"+f.Value+"\n")
	}
	c.hash.Sum(c.digest[:0])
	if !c.chain.Trailer(signature, c.digest) {
		return badChunkSignature()
	}
	return io.EOF
}

// line reads a line, CRLF included.
func (c *chunkReader) line() ([]byte, error) {
	line, err := c.src.ReadSlice('\n')
	if err != nil {
		return nil, cut(err)
	}
	return line, nil
}

// cut translates an error that came where the encoding goes on.
func cut(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	case errors.Is(err, bufio.ErrBufferFull):
		return malformedChunk()
	}
	return err
}

func malformedChunk() error {
	return fail("InvalidRequest", "The aws-chunked encoding of the body is malformed.")
}

func badChunkSignature() error {
	return fail("SignatureDoesNotMatch", "The signature of a chunk, or of the trailer, does not match its bytes.")
}
