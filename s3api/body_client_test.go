package s3api

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/internal/checksum"
)

// The client of the tests of bodies.
const (
	bodyKey    = "AKIDEXAMPLE"
	bodySecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var bodyTime = time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)

func bodyVerifier(now time.Time) *auth.Verifier {
	return &auth.Verifier{Keys: auth.Static{bodyKey: bodySecret}, Now: func() time.Time { return now }}
}

// sentBody is a PUT on its way to a server.
type sentBody struct {
	header  http.Header
	encoded []byte
	chunked bool // Transfer-Encoding: chunked, without a length
}

// received is the request as net/http gives it to a handler.
func (s sentBody) received(t testing.TB) *http.Request {
	t.Helper()
	r, err := http.NewRequest("PUT", "http://host/bucket/key", bytes.NewReader(s.encoded))
	if err != nil {
		t.Fatal(err)
	}
	if s.chunked {
		r.ContentLength = -1
	}
	r.Header = s.header.Clone()
	var wire bytes.Buffer
	if err := r.Write(&wire); err != nil {
		t.Fatal(err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&wire))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// open verifies the request and opens its body.
func (s sentBody) open(t testing.TB, o bodyOptions) (*body, error) {
	t.Helper()
	r := s.received(t)
	a, err := bodyVerifier(bodyTime).Verify(r, "")
	if err != nil {
		t.Fatalf("Verify: %v", err)
	}
	return openBody(r, r.Header, a, o)
}

// read reads the body to its end.
func (s sentBody) read(t testing.TB, o bodyOptions) ([]byte, []backend.Checksum, error) {
	t.Helper()
	if o.max == 0 {
		o.max = 1 << 30
	}
	b, err := s.open(t, o)
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(b)
	return data, b.Checksums(), err
}

// framing is one of the ways to send a payload.
type framing struct {
	name    string
	payload string // of x-amz-content-sha256; empty: the digest
	trailer checksum.Algorithm
	chunk   int // bytes
}

var framings = []framing{
	{name: "digest"},
	{name: "unsigned", payload: "UNSIGNED-PAYLOAD"},
	{name: "signed chunks", payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", chunk: 8 << 10},
	{name: "signed chunks and trailer", payload: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", trailer: checksum.SHA256, chunk: 8 << 10},
	{name: "chunks and trailer", payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER", trailer: checksum.CRC64NVME, chunk: 1000},
}

// send encodes data. change, if set, may change the headers before they are
// signed.
func (f framing) send(data []byte, change func(http.Header)) sentBody {
	s := sentBody{header: http.Header{}}
	digest := sha256.Sum256(data)
	s.header.Set("X-Amz-Content-Sha256", f.payload)
	if f.payload == "" {
		s.header.Set("X-Amz-Content-Sha256", hex.EncodeToString(digest[:]))
	}
	if f.chunk > 0 {
		s.header.Set("Content-Encoding", "aws-chunked")
		s.header.Set("X-Amz-Decoded-Content-Length", fmt.Sprint(len(data)))
	}
	if f.trailer != 0 {
		s.header.Set("X-Amz-Trailer", strings.ToLower(checksumHeader(f.trailer)))
	}
	if change != nil {
		change(s.header)
	}
	s.sign()
	s.encoded = f.encode(data, s.header)
	return s
}

func (s sentBody) sign() {
	r, _ := http.NewRequest("PUT", "http://host/bucket/key", nil)
	r.Header = s.header
	auth.Sign(r, bodyKey, bodySecret, auth.DefaultRegion, bodyTime)
}

// encode frames data in chunks, by the S3 API reference and not by the code
// under test.
func (f framing) encode(data []byte, h http.Header) []byte {
	if f.chunk == 0 {
		return data
	}
	var out bytes.Buffer
	_, previous, _ := strings.Cut(h.Get("Authorization"), "Signature=")
	signed := strings.HasPrefix(f.payload, "STREAMING-AWS4-")
	chunk := func(p []byte) {
		fmt.Fprintf(&out, "%x", len(p))
		if signed {
			previous = chainSignature("AWS4-HMAC-SHA256-PAYLOAD", previous, sha256Hex(nil)+"\n"+sha256Hex(p))
			out.WriteString(";chunk-signature=" + previous)
		}
		out.WriteString("\r\n")
		out.Write(p)
	}
	for rest := data; len(rest) > 0; rest = rest[min(f.chunk, len(rest)):] {
		chunk(rest[:min(f.chunk, len(rest))])
		out.WriteString("\r\n")
	}
	chunk(nil)
	if f.trailer != 0 {
		line := strings.ToLower(checksumHeader(f.trailer)) + ":" + checksumOf(f.trailer, data)
		out.WriteString(line + "\r\n")
		if signed {
			out.WriteString("x-amz-trailer-signature:" + chainSignature("AWS4-HMAC-SHA256-TRAILER", previous, sha256Hex([]byte(line+"\n"))) + "\r\n")
		}
	}
	out.WriteString("\r\n")
	return out.Bytes()
}

func chainSignature(kind, previous, rest string) string {
	key := []byte("AWS4" + bodySecret)
	date := bodyTime.Format("20060102")
	for _, step := range []string{date, auth.DefaultRegion, "s3", "aws4_request"} {
		key = hmacSHA256(key, step)
	}
	text := kind + "\n" + bodyTime.Format("20060102T150405Z") + "\n" + date + "/us-east-1/s3/aws4_request\n" + previous + "\n" + rest
	return hex.EncodeToString(hmacSHA256(key, text))
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func sha256Hex(p []byte) string {
	digest := sha256.Sum256(p)
	return hex.EncodeToString(digest[:])
}

func checksumOf(a checksum.Algorithm, data []byte) string {
	h := checksum.New(a)
	h.Write(data)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}
