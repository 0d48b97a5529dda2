package auth_test

import (
	"bufio"
	"bytes"
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
