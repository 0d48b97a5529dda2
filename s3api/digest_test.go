package s3api_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestWrongDigest: a body that is not the one whose SHA-256, MD5 or CRC-32 was sent
// changes nothing, however it is stored: with the commit, in turn or side by
// side. One byte is other.
func TestWrongDigest(t *testing.T) {
	w := newWorld(t, false, nil)
	w.put(t, "v1/k", []byte("before"))
	id := begin(t, w, "v1/up")
	random := rand.NewChaCha8([32]byte{2})
	for _, size := range []int{0, 1, 63, 64, 100 << 10, 200 << 10, 6 << 20} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			body := make([]byte, size)
			_, _ = random.Read(body)
			other := bytes.Clone(body)
			if size == 0 {
				other = []byte{0}
			} else {
				other[size-1]++
			}
			sha, sum := sha256.Sum256(other), md5.Sum(other)
			wrongSHA := []string{"x-amz-content-sha256", hex.EncodeToString(sha[:])}
			wrongMD5 := []string{"Content-MD5", base64.StdEncoding.EncodeToString(sum[:])}
			for _, target := range []string{"/bucket/v1/k", "/bucket/v1/new", "/bucket/v1/up?" + id + "&partNumber=1"} {
				w.want(t, 400, "XAmzContentSHA256Mismatch", "PUT", target, string(body), wrongSHA...)
				w.want(t, 400, "BadDigest", "PUT", target, string(body), wrongMD5...)
				w.want(t, 400, "BadDigest", "PUT", target, string(body), "x-amz-checksum-crc32", "AAAAAQ==")
				w.want(t, 400, "XAmzContentSHA256Mismatch", "PUT", target, string(body), append(wrongMD5, wrongSHA...)...)
			}
		})
	}
	if got := w.want(t, 200, "", "GET", "/bucket/v1/k", "").body; got != "before" {
		t.Errorf("the object is %d other bytes now", len(got))
	}
	w.want(t, 404, "NoSuchKey", "GET", "/bucket/v1/new", "")
	if got := w.want(t, 200, "", "GET", "/bucket/v1/up?"+id, "").body; bytes.Contains([]byte(got), []byte("<Part>")) {
		t.Errorf("a part was kept: %s", got)
	}
}
