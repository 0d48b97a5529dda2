package s3api_test

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
)

const sum64 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// Bad input gets a clear error, and nothing is stored: not as an object, nor as
// a part.
func TestBadInput(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		other := md5.Sum([]byte("other"))
		digest := sha256.Sum256([]byte("other"))
		long := strings.Repeat("k", 1025)
		id := begin(t, w, "up")
		for _, c := range []struct {
			name   string
			status int
			code   string
			body   string
			header []string
		}{
			{"wrong MD5", 400, "BadDigest", "data", []string{"Content-MD5", base64.StdEncoding.EncodeToString(other[:])}},
			{"malformed MD5", 400, "InvalidDigest", "data", []string{"Content-MD5", "x"}},
			{"empty MD5", 400, "InvalidDigest", "data", []string{"Content-MD5", ""}},
			{"wrong SHA-256 of the payload", 400, "XAmzContentSHA256Mismatch", "data", []string{"x-amz-content-sha256", hex.EncodeToString(digest[:])}},
			{"wrong CRC32", 400, "BadDigest", "data", []string{"x-amz-checksum-crc32", "AAAAAA=="}},
			{"wrong CRC32C", 400, "BadDigest", "data", []string{"x-amz-checksum-crc32c", "AAAAAA=="}},
			{"wrong CRC64NVME", 400, "BadDigest", "data", []string{"x-amz-checksum-crc64nvme", "AAAAAAAAAAA="}},
			{"wrong SHA-1", 400, "BadDigest", "data", []string{"x-amz-checksum-sha1", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}},
			{"wrong SHA-256", 400, "BadDigest", "data", []string{"x-amz-checksum-sha256", sum64}},
			{"malformed checksum", 400, "InvalidRequest", "data", []string{"x-amz-checksum-crc32", "AAAA"}},
			{"two checksums", 400, "InvalidRequest", "data", []string{"x-amz-checksum-crc32", "AAAAAA==", "x-amz-checksum-sha256", sum64}},
			{"unknown checksum", 501, "NotImplemented", "data", []string{"x-amz-checksum-md4", "AAAA"}},
			{"bad chunk framing", 403, "InvalidChunkSizeError", "zz\r\ndata\r\n0\r\n\r\n", []string{"x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
				"x-amz-decoded-content-length", "4"}},
			{"short framed body", 400, "IncompleteBody", "4\r\ndata\r\n0\r\n\r\n", []string{"x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
				"x-amz-decoded-content-length", "5"}},
			{"long framed body", 400, "IncompleteBody", "4\r\ndata\r\n0\r\n\r\n", []string{"x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
				"x-amz-decoded-content-length", "3"}},
			{"no trailer", 400, "MalformedTrailerError", "4\r\ndata\r\n0\r\n\r\n", []string{"x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
				"x-amz-decoded-content-length", "4", "x-amz-trailer", "x-amz-checksum-crc32"}},
			{"bad trailer", 400, "MalformedTrailerError", "4\r\ndata\r\n0\r\nnonsense\r\n\r\n", []string{"x-amz-content-sha256",
				"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length", "4", "x-amz-trailer", "x-amz-checksum-crc32"}},
			{"wrong checksum in the trailer", 400, "BadDigest", "4\r\ndata\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", []string{"x-amz-content-sha256",
				"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length", "4", "x-amz-trailer", "x-amz-checksum-crc32"}},
			{"wrong signature of a chunk", 403, "SignatureDoesNotMatch", "4;chunk-signature=" + strings.Repeat("0", 64) + "\r\ndata\r\n0;chunk-signature=" +
				strings.Repeat("0", 64) + "\r\n\r\n", []string{"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "x-amz-decoded-content-length", "4"}},
		} {
			for _, target := range []string{"/bucket/k", "/bucket/up?" + id + "&partNumber=1"} {
				t.Run(c.name, func(t *testing.T) { w.want(t, c.status, c.code, "PUT", target, c.body, c.header...) })
			}
		}
		for _, c := range []struct {
			status int
			code   string
			method string
			target string
			body   string
			header []string
		}{
			{400, "KeyTooLongError", "PUT", "/bucket/" + long, "x", nil},
			{400, "KeyTooLongError", "POST", "/bucket/" + long + "?uploads", "", nil},
			{400, "KeyTooLongError", "PUT", "/bucket/" + long, "", []string{"x-amz-copy-source", "bucket/k"}},
			{400, "InvalidURI", "PUT", "/bucket/%ff%fe", "x", nil},
			{400, "InvalidURI", "GET", "/bucket/a%80b", "", nil},
			{400, "MetadataTooLarge", "PUT", "/bucket/k", "x", []string{"x-amz-meta-a", strings.Repeat("x", 2049)}},
			{400, "InvalidTag", "PUT", "/bucket/k", "x", []string{"x-amz-tagging", "a=1&a=2"}},
			{400, "InvalidStorageClass", "PUT", "/bucket/k", "x", []string{"x-amz-storage-class", "GLACIER"}},
			{501, "NotImplemented", "PUT", "/bucket/k", "x", []string{"x-amz-server-side-encryption", "aws:kms"}},
			{501, "NotImplemented", "PUT", "/bucket/k", "x", []string{"x-amz-server-side-encryption-customer-algorithm", "AES256"}},
			{501, "NotImplemented", "PUT", "/bucket/k", "x", []string{"x-amz-object-lock-mode", "COMPLIANCE"}},
			{501, "NotImplemented", "PUT", "/bucket/k", "x", []string{"x-amz-write-offset-bytes", "0"}},
			{501, "NotImplemented", "PUT", "/bucket/k?retention", "x", nil},
			{501, "NotImplemented", "PUT", "/bucket/k?nonsense", "x", nil},
			{501, "NotImplemented", "POST", "/bucket/k?select&select-type=2", "x", nil},
			{400, "EntityTooLarge", "POST", "/bucket?delete", strings.Repeat(" ", 3<<20), nil},
			{400, "MalformedXML", "POST", "/bucket?delete", strings.Repeat("<Delete>", 10_000), nil},
			{400, "MalformedXML", "POST", "/bucket?delete", `<!DOCTYPE a [<!ENTITY b "c">]><Delete><Object><Key>&b;</Key></Object></Delete>`, nil},
			{400, "EntityTooLarge", "PUT", "/bucket/k?tagging", strings.Repeat(" ", 1<<20), nil},
			{405, "MethodNotAllowed", "PATCH", "/bucket/k", "x", nil},
		} {
			t.Run(c.method+" "+c.target[:min(30, len(c.target))], func(t *testing.T) {
				w.want(t, c.status, c.code, c.method, c.target, c.body, c.header...)
			})
		}
		if got := w.keys(t); len(got) != 0 {
			t.Errorf("stored %q", got)
		}
		a := w.want(t, 200, "", "GET", "/bucket/up?"+id, "")
		if strings.Contains(a.body, "<Part>") {
			t.Errorf("stored a part: %s", a.body)
		}
	})
}

// A body that ends before its length, because the client went away, stores
// nothing.
func TestShortBody(t *testing.T) {
	w := newWorld(t, false, nil)
	r := w.request(t, "PUT", "/bucket/k", io.LimitReader(zeros{}, 1000))
	r.ContentLength = 2000
	if _, err := w.server.Client().Transport.RoundTrip(r); err == nil {
		t.Error("a short body was accepted")
	}
	w.server.Close() // waits for the request
	if got := w.keys(t); len(got) != 0 {
		t.Errorf("stored %q", got)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// A body of unknown length is taken as it comes.
func TestBodyWithoutLength(t *testing.T) {
	w := newWorld(t, false, nil)
	for _, target := range []string{"/bucket/k", "/bucket/up?" + begin(t, w, "up") + "&partNumber=1"} {
		r := w.request(t, "PUT", target, io.MultiReader(strings.NewReader("da"), strings.NewReader("ta")))
		if a := w.send(t, r); a.status != http.StatusOK || a.header.Get("ETag") != `"8d777f385d3dfec8815d20f7496026dc"` {
			t.Errorf("PUT %s = %v", target, a)
		}
	}
}
