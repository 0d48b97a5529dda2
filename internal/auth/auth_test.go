package auth_test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"aetherfs/internal/auth"
)

// The credentials and the time of the examples in AWS's documentation.
const (
	accessKey = "AKIAIOSFODNN7EXAMPLE"
	secret    = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	region    = "us-east-1"
)

var docTime = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)

func verifier(now time.Time) *auth.Verifier {
	return &auth.Verifier{Keys: auth.Static{accessKey: secret}, Now: func() time.Time { return now }}
}

// wire sends r to a server's side: headers move to where net/http puts them.
func wire(t testing.TB, r *http.Request) *http.Request {
	t.Helper()
	var buf bytes.Buffer
	if err := r.Write(&buf); err != nil {
		t.Fatalf("write request: %v", err)
	}
	got, err := http.ReadRequest(bufio.NewReader(&buf))
	if err != nil {
		t.Fatalf("read request: %v", err)
	}
	got.Header.Del("User-Agent")
	return got
}

func newRequest(t testing.TB, method, url string, body io.Reader) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// code is the code of an error, "" of nil; any other error fails the test.
func code(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *auth.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T) is no *auth.Error", err, err)
	}
	return e.Code
}

func mustVerify(t testing.TB, v *auth.Verifier, r *http.Request) *auth.Request {
	t.Helper()
	a, err := v.Verify(r, "")
	if err != nil {
		t.Fatalf("Verify(%s %s): %v", r.Method, r.URL, err)
	}
	if a.AccessKey != accessKey {
		t.Fatalf("Verify(%s %s) = %q, want %q", r.Method, r.URL, a.AccessKey, accessKey)
	}
	return a
}

// sortedNames joins names of headers as SignedHeaders has them.
func sortedNames(names []string) string {
	slices.Sort(names)
	return strings.Join(names, ";")
}

// awsSignature signs a request at docTime as the S3 API reference tells it,
// apart from the code under test. It must have no query.
func awsSignature(t testing.TB, r *http.Request, signed string) string {
	t.Helper()
	canonical := r.Method + "\n" + r.URL.EscapedPath() + "\n\n"
	for name := range strings.SplitSeq(signed, ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		canonical += name + ":" + value + "\n"
	}
	canonical += "\n" + signed + "\n" + r.Header.Get("X-Amz-Content-Sha256")
	digest := sha256.Sum256([]byte(canonical))
	key := []byte("AWS4" + secret)
	for _, step := range []string{"20130524", region, "s3", "aws4_request",
		"AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/" + region + "/s3/aws4_request\n" + hex.EncodeToString(digest[:])} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(step))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}
