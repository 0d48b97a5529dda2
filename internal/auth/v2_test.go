package auth_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"aetherfs/internal/auth"
)

// presignV2 makes a URL of version 2, good for 60 seconds from docTime, of a
// text to sign in which EXPIRES stands for that time.
func presignV2(t *testing.T, method, address, text string) *http.Request {
	t.Helper()
	const expires = "1369353660"
	r := newRequest(t, method, address, nil)
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(strings.Replace(text, "EXPIRES", expires, 1)))
	signed := url.Values{"AWSAccessKeyId": {accessKey}, "Expires": {expires}, "Signature": {base64.StdEncoding.EncodeToString(mac.Sum(nil))}}
	r.URL.RawQuery = strings.TrimPrefix(r.URL.RawQuery+"&"+signed.Encode(), "&")
	return r
}

// TestV2 checks URLs as boto3 makes them.
func TestV2(t *testing.T) {
	for _, tt := range []struct {
		name, method, url, text string
		hostBucket              string
		headers                 map[string]string
		hoisted                 http.Header
	}{
		{name: "path style", method: "GET", url: "http://host/bucket/a/b%20c%2Bd", text: "GET\n\n\nEXPIRES\n/bucket/a/b%20c%2Bd"},
		{name: "host style", method: "GET", url: "http://bucket.host/a/b", hostBucket: "bucket", text: "GET\n\n\nEXPIRES\n/bucket/a/b"},
		{name: "subresources", method: "GET", url: "http://host/bucket/k?versionId=null&response-content-type=text%2Fx%20y&acl&x-amz-meta-a=1",
			text:    "GET\n\n\nEXPIRES\nx-amz-meta-a:1\n/bucket/k?acl&response-content-type=text/x y&versionId=null",
			hoisted: http.Header{"X-Amz-Meta-A": {"1"}}},
		{name: "listing", method: "GET", url: "http://host/bucket?list-type=2&prefix=a%2Fb&encoding-type=url", text: "GET\n\n\nEXPIRES\n/bucket/"},
		{name: "listing, host style", method: "GET", url: "http://bucket.host/?prefix=a", hostBucket: "bucket", text: "GET\n\n\nEXPIRES\n/bucket/"},
		{name: "listing, as it was sent", method: "GET", url: "http://host/bucket?prefix=a", text: "GET\n\n\nEXPIRES\n/bucket"},
		{name: "service", method: "GET", url: "http://host/", text: "GET\n\n\nEXPIRES\n/"},
		{name: "headers in the query", method: "PUT", url: "http://host/bucket/k?x-amz-meta-foo=bar&content-type=text%2Fplain&x-amz-meta-foo-x=z&x-amz-acl=private",
			text:    "PUT\n\ntext/plain\nEXPIRES\nx-amz-acl:private\nx-amz-meta-foo:bar\nx-amz-meta-foo-x:z\n/bucket/k",
			hoisted: http.Header{"X-Amz-Meta-Foo": {"bar"}, "Content-Type": {"text/plain"}, "X-Amz-Meta-Foo-X": {"z"}, "X-Amz-Acl": {"private"}}},
		{name: "headers both ways", method: "PUT", url: "http://host/bucket/k?content-type=text%2Fplain", headers: map[string]string{
			"Content-Type": "text/plain", "Content-Md5": "1B2M2Y8AsgTpgAmY7PhCfg==", "X-Amz-Meta-A": "1"},
			text:    "PUT\n1B2M2Y8AsgTpgAmY7PhCfg==\ntext/plain\nEXPIRES\nx-amz-meta-a:1\n/bucket/k",
			hoisted: http.Header{"Content-Type": {"text/plain"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := presignV2(t, tt.method, tt.url, tt.text)
			for name, value := range tt.headers {
				r.Header.Set(name, value)
			}
			a, err := verifier(docTime).Verify(wire(t, r), tt.hostBucket)
			if err != nil {
				t.Fatalf("Verify(%s): %v", r.URL, err)
			}
			if a.AccessKey != accessKey || a.Payload != auth.Unsigned {
				t.Errorf("Verify = %+v", a)
			}
			if len(a.Hoisted) != len(tt.hoisted) {
				t.Errorf("Hoisted = %v, want %v", a.Hoisted, tt.hoisted)
			}
			for name := range tt.hoisted {
				if a.Hoisted.Get(name) != tt.hoisted.Get(name) {
					t.Errorf("Hoisted[%s] = %q, want %q", name, a.Hoisted.Get(name), tt.hoisted.Get(name))
				}
			}
		})
	}
}

// TestV2Boto3 checks URLs that boto3 1.43 made.
func TestV2Boto3(t *testing.T) {
	v := &auth.Verifier{Keys: auth.Static{"AK": "SK"}, Now: func() time.Time { return time.Unix(1795363300, 0) }}
	for _, tt := range []struct{ method, path string }{
		{"PUT", "/bkt/a/b%20c%2Bd?AWSAccessKeyId=AK&Signature=ZdGdPl507laGS2vPSF6DifPYRF8%3D&x-amz-meta-foo=bar&content-type=text%2Fplain&Expires=1795363374"},
		{"GET", "/bkt/a/b%20c%2Bd?response-content-type=text%2Fx%20y&versionId=null&AWSAccessKeyId=AK&Signature=SpRtYMd13%2BSILsN8hjQPRyD32lU%3D&Expires=1795363374"},
		{"GET", "/bkt?list-type=2&prefix=a%2Fb%20c%2Bd&encoding-type=url&AWSAccessKeyId=AK&Signature=RqL5t%2BFPvfQvxaYOJNklLV7Niak%3D&Expires=1795363374"},
	} {
		r := wire(t, newRequest(t, tt.method, "http://host"+tt.path, nil))
		if a, err := v.Verify(r, ""); err != nil || a.AccessKey != "AK" {
			t.Errorf("Verify(%s %s) = %v, %v", tt.method, tt.path, a, err)
		}
	}
}

func TestV2Refused(t *testing.T) {
	for _, tt := range append(everywhere, []alteration{
		{"nothing", func(*http.Request) {}, ""},
		{"free parameter", addQuery("prefix=a"), ""},
		{"subresource", addQuery("acl"), auth.SignatureDoesNotMatch},
		{"subresource with a value", addQuery("uploadId=x"), auth.SignatureDoesNotMatch},
		{"subresource that version 2 does not sign", addQuery("attributes"), auth.AccessDenied},
		{"subresource of a bucket", addQuery("publicAccessBlock"), auth.AccessDenied},
		{"subresource twice", addQuery("acl&acl"), auth.InvalidArgument},
		{"header", setHeader("X-Amz-Copy-Source", "bucket/other"), auth.SignatureDoesNotMatch},
		{"header in the query", addQuery("x-amz-acl=public-read"), auth.SignatureDoesNotMatch},
		{"header given both ways", func(r *http.Request) {
			r.Header.Set("X-Amz-Acl", "private")
			addQuery("x-amz-acl=public-read")(r)
		}, auth.InvalidArgument},
		{"header twice in the query", addQuery("x-amz-acl=a&X-Amz-Acl=b"), auth.InvalidArgument},
		{"Content-Type", setHeader("Content-Type", "text/html"), auth.SignatureDoesNotMatch},
		{"Content-MD5", setHeader("Content-Md5", "1B2M2Y8AsgTpgAmY7PhCfg=="), auth.SignatureDoesNotMatch},
		{"token", addQuery("x-amz-security-token=t"), auth.InvalidToken},
		{"signed chunks", addQuery("x-amz-content-sha256=STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), auth.InvalidRequest},
		{"expiry", replaceQuery("Expires=1369353660", "Expires=1369353661"), auth.SignatureDoesNotMatch},
		{"expired", replaceQuery("Expires=1369353660", "Expires=1369353599"), auth.AccessDenied},
		{"expiry no number", replaceQuery("Expires=1369353660", "Expires=never"), auth.AccessDenied},
		{"expiry missing", replaceQuery("Expires=1369353660", ""), auth.AccessDenied},
		{"expiry twice", addQuery("Expires=1369353660"), auth.AccessDenied},
		{"access key", replaceQuery(accessKey, "AKIAOTHER"), auth.InvalidAccessKeyID},
		{"signature no base64", replaceQuery("Signature=", "Signature=-"), auth.SignatureDoesNotMatch},
		{"signature missing", replaceQuery("Signature=", "marker="), auth.AccessDenied},
		{"Authorization too", setHeader("Authorization", "x"), auth.InvalidArgument},
	}...) {
		t.Run(tt.name, func(t *testing.T) {
			r := wire(t, presignV2(t, "GET", "http://host/bucket/k", "GET\n\n\nEXPIRES\n/bucket/k"))
			tt.alter(r)
			a, err := verifier(docTime).Verify(r, "")
			if got := code(t, err); got != tt.code {
				t.Errorf("Verify = %v, %v, want %s", a, err, tt.code)
			}
		})
	}
}

// The lines of two headers are not good for one header with a line break.
func TestV2Lines(t *testing.T) {
	for query, want := range map[string]string{
		"x-amz-meta-a=1&x-amz-tagging=k%3Dv":         "",
		"x-amz-meta-a=1%0Ax-amz-tagging:k%3Dv":       auth.InvalidArgument,
		"x-amz-meta-a=1%0D%0Ax-amz-tagging:k%3Dv":    auth.InvalidArgument,
		"x-amz-meta-a=1&x-amz-tagging=k%3Dv&Age=%0A": auth.AccessDenied,
	} {
		r := presignV2(t, "PUT", "http://host/bucket/k?"+query, "PUT\n\n\nEXPIRES\nx-amz-meta-a:1\nx-amz-tagging:k=v\n/bucket/k")
		if a, err := verifier(docTime).Verify(wire(t, r), ""); code(t, err) != want {
			t.Errorf("Verify(%s) = %v, %v, want %s", query, a, err, want)
		}
	}
}

// A URL for one bucket's host is not good for another's.
func TestV2OtherBucket(t *testing.T) {
	r := presignV2(t, "GET", "http://bucket.host/k", "GET\n\n\nEXPIRES\n/bucket/k")
	for _, other := range []string{"", "other"} {
		if _, err := verifier(docTime).Verify(r, other); code(t, err) != auth.SignatureDoesNotMatch {
			t.Errorf("Verify for bucket %q: %v", other, err)
		}
	}
}
