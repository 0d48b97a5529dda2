package s3api

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/internal/checksum"
	"aetherfs/internal/incoming"
)

// TestBodyRoundTrip sends bodies of every framing and of sizes around those of
// chunks, with a length and without.
func TestBodyRoundTrip(t *testing.T) {
	for _, f := range framings {
		t.Run(f.name, func(t *testing.T) {
			for _, size := range []int{0, 1, 999, 1000, 1001, 8 << 10, 8<<10 + 1, 50_000} {
				data := bytes.Repeat([]byte("abcdefg"), size/7+1)[:size]
				s := f.send(data, nil)
				for _, s.chunked = range []bool{false, true} {
					got, sums, err := s.read(t, bodyOptions{})
					if err != nil {
						t.Fatalf("%d bytes: %v", size, err)
					}
					if !bytes.Equal(got, data) {
						t.Fatalf("%d bytes: %d other bytes came out", size, len(got))
					}
					wantSums(t, sums, f.trailer, data)
				}
			}
		})
	}
}

func wantSums(t *testing.T, sums []backend.Checksum, a checksum.Algorithm, data []byte) {
	t.Helper()
	if a == 0 {
		if len(sums) > 0 {
			t.Errorf("Checksums() = %+v, want none", sums)
		}
		return
	}
	if len(sums) != 1 || sums[0].Algorithm != a || formatChecksum(sums[0]) != checksumOf(a, data) {
		t.Errorf("Checksums() = %+v, want one %s", sums, checksum.Name(a))
	}
}

// TestBodyInPieces reads with short reads on both sides.
func TestBodyInPieces(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 2000)
	for _, f := range framings {
		s := f.send(data, nil)
		r := s.received(t)
		a, err := bodyVerifier(bodyTime).Verify(r, "")
		if err != nil {
			t.Fatal(err)
		}
		r.Body = io.NopCloser(iotest.OneByteReader(r.Body))
		b, err := openBody(r, r.Header, a, bodyOptions{max: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(b, data); err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
	}
}

// TestBodyAltered flips the bytes of an encoded body in turn, of its data only
// some. What comes out without an error must be what was sent.
func TestBodyAltered(t *testing.T) {
	data := bytes.Repeat([]byte("x"), 9000)
	for _, f := range framings {
		if f.name == "unsigned" {
			continue // nothing protects it
		}
		t.Run(f.name, func(t *testing.T) {
			whole := f.send(data, nil)
			for i, c := range whole.encoded {
				if c == 'x' && i%61 > 0 {
					continue
				}
				for _, bit := range []byte{1, 0x20} {
					s := whole
					s.encoded = bytes.Clone(whole.encoded)
					s.encoded[i] ^= bit
					got, _, err := s.read(t, bodyOptions{})
					if err == nil && !bytes.Equal(got, data) {
						t.Fatalf("byte %d (%q) altered: other bytes came out", i, whole.encoded[max(0, i-20):i+1])
					}
					wantS3(t, err)
				}
			}
		})
	}
}

// TestBodyCut cuts an encoded body at every third length, and makes it longer.
func TestBodyCut(t *testing.T) {
	data := bytes.Repeat([]byte("y"), 1500)
	for _, f := range framings {
		t.Run(f.name, func(t *testing.T) {
			whole := f.send(data, func(h http.Header) { h.Set("Content-Md5", md5Of(data)) })
			for n := 0; n < len(whole.encoded); n += 3 {
				s := whole
				s.encoded = whole.encoded[:n]
				if got, _, err := s.read(t, bodyOptions{}); err == nil {
					t.Fatalf("cut to %d of %d bytes: %d bytes came out", n, len(whole.encoded), len(got))
				}
			}
			s := whole
			s.encoded = append(bytes.Clone(whole.encoded), "more"...)
			if _, _, err := s.read(t, bodyOptions{}); err == nil {
				t.Error("a body that goes on was accepted")
			}
		})
	}
}

// TestBodyLastByte: who reads as many bytes as were announced, and no more,
// must not be told that a bad body is good.
func TestBodyLastByte(t *testing.T) {
	data := bytes.Repeat([]byte("z"), 10_000)
	for _, f := range framings {
		s := f.send(data, func(h http.Header) { h.Set("Content-Md5", md5Of([]byte("other"))) })
		b, err := s.open(t, bodyOptions{max: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.ReadFull(b, make([]byte, len(data))); err == nil {
			t.Errorf("%s: ReadFull = %d, nil", f.name, n)
		}
		if sums := b.Checksums(); len(sums) > 0 {
			t.Errorf("%s: Checksums() = %+v of a bad body", f.name, sums)
		}
	}
}

// TestBodyRefused is what a body is refused for, and with which code.
func TestBodyRefused(t *testing.T) {
	data := []byte("hello, world")
	set := func(name, value string) func(http.Header) {
		return func(h http.Header) { h.Set(name, value) }
	}
	digest, unsigned, chunks, signedTrailer, trailer := framings[0], framings[1], framings[2], framings[3], framings[4]
	for _, tt := range []struct {
		name    string
		framing framing
		change  func(http.Header)
		options bodyOptions
		code    string
	}{
		{"other digest", digest, set("X-Amz-Content-Sha256", strings.Repeat("0", 64)), bodyOptions{}, "XAmzContentSHA256Mismatch"},
		{"MD5", unsigned, set("Content-Md5", md5Of([]byte("x"))), bodyOptions{}, "BadDigest"},
		{"short MD5", unsigned, set("Content-Md5", "YWJj"), bodyOptions{}, "InvalidDigest"},
		{"empty MD5", unsigned, set("Content-Md5", ""), bodyOptions{}, "InvalidDigest"},
		{"MD5 that is no base64", unsigned, set("Content-Md5", "%"), bodyOptions{}, "InvalidDigest"},
		{"CRC32", unsigned, set("X-Amz-Checksum-Crc32", "AAAAAA=="), bodyOptions{}, "BadDigest"},
		{"CRC32C", digest, set("X-Amz-Checksum-Crc32c", "AAAAAA=="), bodyOptions{}, "BadDigest"},
		{"CRC64NVME", chunks, set("X-Amz-Checksum-Crc64nvme", "AAAAAAAAAAA="), bodyOptions{}, "BadDigest"},
		{"SHA1", digest, set("X-Amz-Checksum-Sha1", checksumOf(checksum.SHA1, nil)), bodyOptions{}, "BadDigest"},
		{"SHA256", digest, set("X-Amz-Checksum-Sha256", checksumOf(checksum.SHA256, nil)), bodyOptions{}, "BadDigest"},
		{"checksum too short", unsigned, set("X-Amz-Checksum-Crc32", "AAAA"), bodyOptions{}, "InvalidRequest"},
		{"composite checksum", unsigned, set("X-Amz-Checksum-Crc32", "AAAAAA==-2"), bodyOptions{}, "InvalidRequest"},
		{"unknown checksum", unsigned, set("X-Amz-Checksum-Md5", "AAAAAA=="), bodyOptions{}, "NotImplemented"},
		{"two checksums", unsigned, func(h http.Header) {
			h.Set("X-Amz-Checksum-Crc32", checksumOf(checksum.CRC32, data))
			h.Set("X-Amz-Checksum-Crc32c", checksumOf(checksum.CRC32C, data))
		}, bodyOptions{}, "InvalidRequest"},
		{"checksum and trailer", trailer, set("X-Amz-Checksum-Crc32", checksumOf(checksum.CRC32, data)), bodyOptions{}, "InvalidRequest"},
		{"algorithm without a checksum", unsigned, set("X-Amz-Sdk-Checksum-Algorithm", "CRC32"), bodyOptions{}, "InvalidRequest"},
		{"algorithm of another checksum", trailer, set("X-Amz-Sdk-Checksum-Algorithm", "CRC32"), bodyOptions{}, "InvalidRequest"},
		{"trailer announced, none possible", unsigned, set("X-Amz-Trailer", "x-amz-checksum-crc32"), bodyOptions{}, "InvalidRequest"},
		{"unknown trailer", trailer, set("X-Amz-Trailer", "x-amz-meta-a"), bodyOptions{}, "InvalidRequest"},
		{"two trailers", trailer, set("X-Amz-Trailer", "x-amz-checksum-crc32,x-amz-checksum-sha1"), bodyOptions{}, "InvalidRequest"},
		{"trailer of another kind", trailer, set("X-Amz-Trailer", "x-amz-checksum-crc32"), bodyOptions{}, "MalformedTrailerError"},
		{"signed trailer of another kind", signedTrailer, set("X-Amz-Trailer", "x-amz-checksum-crc32"), bodyOptions{}, "MalformedTrailerError"},
		{"trailer not announced", trailer, func(h http.Header) { h.Del("X-Amz-Trailer") }, bodyOptions{}, "MalformedTrailerError"},
		{"decoded length missing", chunks, func(h http.Header) { h.Del("X-Amz-Decoded-Content-Length") }, bodyOptions{}, "MissingContentLength"},
		{"decoded length no number", chunks, set("X-Amz-Decoded-Content-Length", "-1"), bodyOptions{}, "InvalidArgument"},
		{"decoded length too short", chunks, set("X-Amz-Decoded-Content-Length", "11"), bodyOptions{}, "IncompleteBody"},
		{"decoded length too long", trailer, set("X-Amz-Decoded-Content-Length", "13"), bodyOptions{}, "IncompleteBody"},
		{"decoded length of a plain body", unsigned, set("X-Amz-Decoded-Content-Length", "5"), bodyOptions{}, "InvalidArgument"},
		{"too large by its length", unsigned, nil, bodyOptions{max: 11}, "EntityTooLarge"},
		{"plain body framed", unsigned, set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), bodyOptions{}, "MissingContentLength"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, sums, err := tt.framing.send(data, tt.change).read(t, tt.options)
			if code := wantS3(t, err); code != tt.code {
				t.Errorf("read = %q, %+v, %v, want %s", got, sums, err, tt.code)
			}
		})
	}
}

func TestBodyUnknownLength(t *testing.T) {
	s := framings[1].send([]byte("hello"), nil)
	s.chunked = true
	b, err := s.open(t, bodyOptions{max: 100})
	if err != nil {
		t.Fatal(err)
	}
	if b.Size() != -1 {
		t.Errorf("Size() = %d, want -1", b.Size())
	}
	if got, err := io.ReadAll(b); string(got) != "hello" || err != nil || b.Size() != 5 {
		t.Errorf("read = %q, %v, then Size() = %d", got, err, b.Size())
	}
	if _, _, err := s.read(t, bodyOptions{max: 4}); wantS3(t, err) != "EntityTooLarge" {
		t.Errorf("read of 5 bytes, 4 allowed: %v", err)
	}
	if _, err := s.open(t, bodyOptions{max: 100, sized: true}); wantS3(t, err) != "MissingContentLength" {
		t.Errorf("open without a length: %v", err)
	}
}

// The headers of CompleteMultipartUpload speak of the file, not of the list of
// parts that is its body.
func TestBodyChecksumElsewhere(t *testing.T) {
	s := framings[0].send([]byte("<xml/>"), func(h http.Header) { h.Set("X-Amz-Checksum-Crc32", "AAAAAA==-3") })
	if got, sums, err := s.read(t, bodyOptions{elsewhere: true}); string(got) != "<xml/>" || len(sums) > 0 || err != nil {
		t.Errorf("read = %q, %v, %v", got, sums, err)
	}
}

func TestBodyComputesChecksum(t *testing.T) {
	data := []byte("computed")
	_, sums, err := framings[1].send(data, nil).read(t, bodyOptions{compute: checksum.CRC32C})
	if err != nil {
		t.Fatal(err)
	}
	wantSums(t, sums, checksum.CRC32C, data)

	_, sums, err = framings[4].send(data, nil).read(t, bodyOptions{compute: checksum.CRC64NVME})
	if err != nil {
		t.Fatal(err)
	}
	wantSums(t, sums, checksum.CRC64NVME, data)
}

// TestBodyConnection: what the connection says stays known.
func TestBodyConnection(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code string
	}{
		{io.ErrUnexpectedEOF, "IncompleteBody"},
		{errors.New("connection reset by peer"), "IncompleteBody"},
		{incoming.ErrLate, "RequestTimeout"},
	} {
		for _, f := range framings {
			s := f.send(bytes.Repeat([]byte("q"), 5000), nil)
			r := s.received(t)
			a, err := bodyVerifier(bodyTime).Verify(r, "")
			if err != nil {
				t.Fatal(err)
			}
			r.Body = io.NopCloser(io.MultiReader(io.LimitReader(r.Body, 3000), iotest.ErrReader(tt.err)))
			b, err := openBody(r, r.Header, a, bodyOptions{max: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			if _, err = io.ReadAll(b); translate(err).Code != tt.code {
				t.Errorf("%s: %v became %v, want %s", f.name, tt.err, err, tt.code)
			}
			if _, again := b.Read(make([]byte, 1)); again != err {
				t.Errorf("%s: the error did not stay: %v", f.name, again)
			}
		}
	}
}

func TestUnchunk(t *testing.T) {
	for _, tt := range []struct{ given, want string }{
		{"aws-chunked", ""},
		{"gzip,aws-chunked", "gzip"},
		{"aws-chunked, gzip", "gzip"},
		{"AWS-Chunked", ""},
		{"gzip, br", "gzip,br"},
		{"", ""},
	} {
		h := http.Header{"Content-Encoding": {tt.given}}
		unchunk(h)
		if got := h.Get("Content-Encoding"); got != tt.want {
			t.Errorf("unchunk(%q) = %q, want %q", tt.given, got, tt.want)
		}
	}
}

// TestBodyRandom sends random bodies in random chunks.
func TestBodyRandom(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range 100 {
		f := framings[rnd.IntN(len(framings))]
		if f.chunk > 0 {
			f.chunk = 8<<10 + rnd.IntN(20_000)
		}
		if f.trailer != 0 {
			all := checksum.Algorithms()
			f.trailer = all[rnd.IntN(len(all))]
		}
		data := make([]byte, rnd.IntN(100_000))
		for i := range data {
			data[i] = byte(rnd.Uint32())
		}
		got, sums, err := f.send(data, nil).read(t, bodyOptions{})
		if err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%s of %d bytes in chunks of %d: %v", f.name, len(data), f.chunk, err)
		}
		wantSums(t, sums, f.trailer, data)
	}
}

// wantS3 fails the test for an error that S3 has no words for, and returns the
// code, "" of nil.
func wantS3(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T) has no code", err, err)
	}
	if statuses[e.Code] == 0 {
		t.Errorf("the code %s has no status", e.Code)
	}
	return e.Code
}

func md5Of(data []byte) string {
	sum := md5.Sum(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func BenchmarkBody(b *testing.B) {
	data := make([]byte, 16<<20)
	for _, f := range framings {
		if f.chunk > 0 {
			f.chunk = 64 << 10 // what clients send
		}
		b.Run(strings.ReplaceAll(f.name, " ", "-"), func(b *testing.B) {
			s := f.send(data, nil)
			r := s.received(b)
			a, err := bodyVerifier(bodyTime).Verify(r, "")
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			buf := make([]byte, 256<<10)
			for b.Loop() {
				benchBody(b, r, a, s.encoded, buf)
			}
		})
	}
}

func benchBody(b *testing.B, r *http.Request, a *auth.Request, encoded, buf []byte) {
	b.Helper()
	r.Body = io.NopCloser(bytes.NewReader(encoded))
	src, err := openBody(r, r.Header, a, bodyOptions{max: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	for {
		if _, err := src.Read(buf); err != nil {
			if err != io.EOF {
				b.Fatal(err)
			}
			return
		}
	}
}
