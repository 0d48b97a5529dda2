package s3api

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"aetherfs/internal/auth"
)

// chunkedRequest is the verified request of a body in a framing.
func chunkedRequest(t testing.TB, f framing) *auth.Request {
	t.Helper()
	a, err := bodyVerifier(bodyTime).Verify(f.send(nil, nil).received(t), "")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestChunked is what is, and what is not, the aws-chunked encoding.
func TestChunked(t *testing.T) {
	a := chunkedRequest(t, framings[4])
	const line = "x-amz-checksum-crc32:AAAAAA=="
	for _, tt := range []struct{ encoded, want, code string }{
		{"3\r\nabc\r\n0\r\n\r\n", "abc", ""},
		{"0\r\n\r\n", "", ""},
		{"1\r\na\r\n00A\r\n0123456789\r\n0\r\n" + line + "\r\n\r\n", "a0123456789", ""},
		{"3\r\nabc\r\n0\r\n" + line + "\n\r\n\r\n", "abc", ""}, // minio-go
		{"3\r\nabc\r\n0\r\n X-Amz-Checksum-Crc32 : AAAAAA== \r\n\r\n", "abc", ""},
		{"3\nabc\r\n0\r\n\r\n", "", "InvalidRequest"},
		{"3\r\nabc\n0\r\n\r\n", "", "InvalidRequest"},
		{"3\r\nabcd\r\n0\r\n\r\n", "", "InvalidRequest"},
		{"3;a=b\r\nabc\r\n0\r\n\r\n", "", "InvalidRequest"},
		{"3;chunk-signature=" + strings.Repeat("0", 64) + "\r\nabc\r\n0\r\n\r\n", "", "InvalidRequest"},
		{"-3\r\nabc\r\n0\r\n\r\n", "", "InvalidChunkSizeError"},
		{"0x3\r\nabc\r\n0\r\n\r\n", "", "InvalidChunkSizeError"},
		{" 3\r\nabc\r\n0\r\n\r\n", "", "InvalidChunkSizeError"},
		{"\r\nabc\r\n0\r\n\r\n", "", "InvalidChunkSizeError"},
		{"65\r\n" + strings.Repeat("a", 101) + "\r\n0\r\n\r\n", "", "InvalidChunkSizeError"}, // 100 are allowed
		{"ffffffffffffffff\r\n", "", "InvalidChunkSizeError"},
		{"10000000000000000\r\n", "", "InvalidChunkSizeError"},
		{strings.Repeat("0", 5000) + "3\r\nabc\r\n0\r\n\r\n", "", "InvalidRequest"},
		{"3\r\nabc\r\n0\r\n", "", "IncompleteBody"},
		{"3\r\nabc\r\n", "", "IncompleteBody"},
		{"3\r\nabc", "", "IncompleteBody"},
		{"3\r\nab", "", "IncompleteBody"},
		{"", "", "IncompleteBody"},
		{"3\r\nabc\r\n0\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "", "MalformedTrailerError"},
		{"3\r\nabc\r\n0\r\nno colon\r\n\r\n", "", "MalformedTrailerError"},
		{"3\r\nabc\r\n0\r\n" + line + "\r\n", "", "IncompleteBody"},
		{"3\r\nabc\r\n0\r\n\r\n" + line + "\r\n\r\n", "", "MalformedTrailerError"},
		{"3\r\nabc\r\n0\r\n" + line + "\r\nx-amz-trailer-signature:" + strings.Repeat("0", 64) + "\r\n\r\n", "", "MalformedTrailerError"},
		{"3\r\nabc\r\n0\r\n" + strings.Repeat(line+"\r\n", 9) + "\r\n", "", "MalformedTrailerError"},
		{"3\r\nabc\r\n0\r\n" + strings.Repeat("a", 5000) + ":b\r\n\r\n", "", "InvalidRequest"},
	} {
		got, err := io.ReadAll(newChunkReader(strings.NewReader(tt.encoded), a, 100))
		if err != nil {
			err = broken(err)
		}
		if code := wantS3(t, err); code != tt.code || err == nil && string(got) != tt.want {
			t.Errorf("%.60q decodes to %q, %v, want %q, %s", tt.encoded, got, err, tt.want, tt.code)
		}
	}
}

// TestChunkedSmall: many small chunks cost more to verify than to send.
func TestChunkedSmall(t *testing.T) {
	small := framings[2]
	small.chunk = minSignedChunk - 1
	_, _, err := small.send(make([]byte, 2*minSignedChunk), nil).read(t, bodyOptions{})
	if code := wantS3(t, err); code != "InvalidChunkSizeError" {
		t.Errorf("small chunks: %v", err)
	}
}

// TestChunkedOtherSignature: what another request, or another chunk, was
// signed with is not good here.
func TestChunkedOtherSignature(t *testing.T) {
	data := bytes.Repeat([]byte("s"), 3*minSignedChunk)
	for _, f := range framings[2:4] {
		whole := f.send(data, nil)
		other := f.send(data, func(h http.Header) { h.Set("X-Amz-Meta-Other", "1") })
		swapped := whole
		swapped.encoded = other.encoded
		if _, _, err := swapped.read(t, bodyOptions{}); wantS3(t, err) != "SignatureDoesNotMatch" {
			t.Errorf("%s: chunks of another request: %v", f.name, err)
		}
		first := bytes.Index(whole.encoded, []byte("\r\n")) + 2 + minSignedChunk + 2
		swapped.encoded = bytes.Join([][]byte{whole.encoded[first : 2*first], whole.encoded[:first], whole.encoded[2*first:]}, nil)
		if _, _, err := swapped.read(t, bodyOptions{}); wantS3(t, err) != "SignatureDoesNotMatch" {
			t.Errorf("%s: chunks out of order: %v", f.name, err)
		}
	}
}

// FuzzChunked: the reader never gives more than it may, always ends, says the
// same whatever the size of the reads, and has a code for every error.
func FuzzChunked(f *testing.F) {
	data := bytes.Repeat([]byte("f"), 200)
	for i, kind := range framings[2:] {
		f.Add(kind.send(data, nil).encoded, uint8(i))
	}
	f.Add([]byte("3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\n\r\n\r\n"), uint8(2))
	requests := []*auth.Request{chunkedRequest(f, framings[2]), chunkedRequest(f, framings[3]), chunkedRequest(f, framings[4])}
	f.Fuzz(func(t *testing.T, encoded []byte, kind uint8) {
		const most = 1000
		a := requests[int(kind)%len(requests)]
		read := func(src io.Reader) ([]byte, string) {
			got, err := io.ReadAll(&body{src: newChunkReader(src, a, most), size: -1, max: most})
			return got, wantS3(t, err)
		}
		whole, code := read(bytes.NewReader(encoded))
		pieces, again := read(iotest.OneByteReader(bytes.NewReader(encoded)))
		if code != again || code == "" && !bytes.Equal(whole, pieces) {
			t.Errorf("%q decodes to %q, %s; in pieces to %q, %s", encoded, whole, code, pieces, again)
		}
		if len(whole) > most || len(whole) > len(encoded) {
			t.Errorf("%d bytes came out of %d", len(whole), len(encoded))
		}
	})
}
