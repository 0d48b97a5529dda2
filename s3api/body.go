package s3api

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/internal/incoming"
)

// bodyOptions says what the body of an operation may be.
type bodyOptions struct {
	max       int64             // bytes, decoded; EntityTooLarge beyond
	sized     bool              // its length must be known beforehand, else MissingContentLength
	elsewhere bool              // x-amz-checksum-* headers are about something else than this body
	compute   backend.Algorithm // to be computed even if the client does not; 0: none
}

// body is the decoded payload of a request. Whatever the request says of it is
// verified: length, framing, digest, checksums, the signatures of chunks and
// trailer. The last byte, or else io.EOF, is handed out only after that;
// otherwise Read returns an *Error, and whoever stores the body must not. What
// was taken out of its checks is verified by who took it; see upload.
// It is used by one goroutine.
type body struct {
	src    io.Reader // of decoded bytes
	closer io.Closer
	framed *chunkReader // src, if it decodes aws-chunked; else nil
	size   int64        // as announced; -1: unknown
	min    int64        // bytes; fewer is EntityTooSmall
	max    int64        // bytes; more is EntityTooLarge
	checks []check
	n      int64 // bytes read so far
	done   bool  // all of it was read and is right
	err    error // for good
}

// openBody reads from the headers h what r's body has to be, and returns its
// reader. The headers are r's, and those that a presigned URL carries. It
// takes aws-chunked out of the Content-Encoding in h. Nothing is read yet.
func openBody(r *http.Request, h http.Header, a *auth.Request, o bodyOptions) (*body, error) {
	b := &body{src: r.Body, closer: r.Body, max: o.max}
	var err error
	if b.size, err = bodySize(r, h, a.Payload); err != nil {
		return nil, err
	}
	if b.size < 0 && o.sized {
		return nil, fail("MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	if b.size > o.max {
		return nil, tooLarge(o.max)
	}
	if b.checks, err = bodyChecks(h, a, o); err != nil {
		return nil, err
	}
	if a.Payload.Chunked() {
		b.framed = newChunkReader(r.Body, a, o.max)
		b.src = b.framed
	}
	unchunk(h)
	return b, nil
}

// bodySize is the announced length of the decoded body, or -1.
func bodySize(r *http.Request, h http.Header, p auth.Payload) (int64, error) {
	text := h.Get("X-Amz-Decoded-Content-Length")
	if text == "" {
		if p.Chunked() {
			return 0, fail("MissingContentLength", "You must provide the x-amz-decoded-content-length HTTP header.")
		}
		return r.ContentLength, nil
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil || !p.Chunked() && int64(n) != r.ContentLength {
		return 0, fail("InvalidArgument", "x-amz-decoded-content-length does not agree with the body.")
	}
	return int64(n), nil
}

// unchunk takes aws-chunked out of the Content-Encoding: it is how the body
// travels, and not what is stored.
func unchunk(h http.Header) {
	var kept []string
	for _, value := range h["Content-Encoding"] {
		for coding := range strings.SplitSeq(value, ",") {
			if coding = strings.TrimSpace(coding); coding != "" && !strings.EqualFold(coding, "aws-chunked") {
				kept = append(kept, coding)
			}
		}
	}
	if len(kept) == 0 {
		delete(h, "Content-Encoding")
		return
	}
	h["Content-Encoding"] = []string{strings.Join(kept, ",")}
}

// Size is the announced length of the decoded body, or -1.
func (b *body) Size() int64 { return b.size }

// Checksums are the checksums that were verified or computed. They are there
// once Read has returned io.EOF.
func (b *body) Checksums() []backend.Checksum {
	var sums []backend.Checksum
	for _, c := range b.checks {
		if c.algorithm != 0 && b.done {
			sums = append(sums, backend.Checksum{Algorithm: c.algorithm, Value: c.hash.Sum(nil)})
		}
	}
	return sums
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	switch {
	case b.err != nil:
		return 0, b.err
	case b.done:
		return 0, io.EOF
	case len(p) == 0:
		return 0, nil
	}
	n, err := b.src.Read(p)
	if b.err = b.take(p[:n], err); b.err != nil {
		return 0, b.err
	}
	if n == 0 && b.done {
		return 0, io.EOF
	}
	return n, nil
}

// Close closes the request's body.
func (b *body) Close() error { return b.closer.Close() }

// take accounts for what was read, and at the end verifies.
func (b *body) take(p []byte, err error) error {
	b.n += int64(len(p))
	if b.n > b.max {
		return tooLarge(b.max)
	}
	for _, c := range b.checks {
		c.hash.Write(p)
	}
	if err == nil && b.n == b.size {
		err = b.drain()
	}
	switch {
	case errors.Is(err, io.EOF):
		return b.verify()
	case err != nil:
		return broken(err)
	case b.size >= 0 && b.n > b.size:
		return incomplete(nil)
	}
	return nil
}

// drain reads on where nothing but the end may come.
func (b *body) drain() error {
	var one [1]byte
	for {
		n, err := b.src.Read(one[:])
		if n > 0 {
			return incomplete(nil)
		}
		if err != nil {
			return err
		}
	}
}

// verify compares everything; if all of it is right the body is done.
func (b *body) verify() error {
	if b.size >= 0 && b.n != b.size {
		return incomplete(nil)
	}
	if b.n < b.min {
		return fail("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size of %d bytes.", b.min)
	}
	b.size = b.n
	for i := range b.checks {
		c := &b.checks[i]
		if c.trailer {
			if err := b.fromTrailer(c); err != nil {
				return err
			}
		}
		if c.want != nil && subtle.ConstantTimeCompare(c.want, c.hash.Sum(nil)) != 1 {
			return fail(c.code, "%s", c.message)
		}
	}
	if b.framed != nil && len(b.framed.trailer) > 0 {
		return malformedTrailer()
	}
	b.done = true
	return nil
}

// fromTrailer takes the value that c needs out of the trailer.
func (b *body) fromTrailer(c *check) error {
	i := slices.IndexFunc(b.framed.trailer, func(f Field) bool {
		a, ok := trailerAlgorithm(f.Name)
		return ok && a == c.algorithm
	})
	if i < 0 {
		return malformedTrailer()
	}
	value, err := parseChecksum(c.algorithm, b.framed.trailer[i].Value)
	if err != nil || value.Parts > 0 {
		return badChecksum(c.algorithm)
	}
	c.want = value.Value
	b.framed.trailer = slices.Delete(b.framed.trailer, i, i+1)
	return nil
}

// broken translates an error of the connection. What says more by itself stays.
func broken(err error) error {
	var known *Error
	var large *http.MaxBytesError
	if errors.As(err, &known) || errors.As(err, &large) || errors.Is(err, incoming.ErrLate) || errors.Is(err, context.Canceled) {
		return err
	}
	return incomplete(err)
}

func incomplete(err error) error {
	e := fail("IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header.")
	e.Err = err
	return e
}

func tooLarge(most int64) error {
	return fail("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size of %d bytes.", most)
}

func malformedTrailer() error {
	return fail("MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.")
}
