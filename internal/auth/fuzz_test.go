package auth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"aetherfs/internal/auth"
)

// FuzzAuthorization: no header but the right one is let in, and every refusal
// has a code.
func FuzzAuthorization(f *testing.F) {
	right := func(t testing.TB) *http.Request {
		r := newRequest(t, "GET", "http://host/bucket/key", nil)
		auth.Sign(r, accessKey, secret, region, docTime)
		return r
	}
	good := right(f).Header.Get("Authorization")
	f.Add(good)
	f.Add(strings.Replace(good, "Signature=", "Signature=0", 1))
	f.Add("AWS " + accessKey + ":c2lnbmF0dXJl")
	f.Add("AWS4-HMAC-SHA256 Credential=////, SignedHeaders=;, Signature=")
	f.Add("AWS4-HMAC-SHA256 Credential=a/20130524/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=" + emptySHA256)
	signature := good[strings.LastIndex(good, "=")+1:]
	f.Fuzz(func(t *testing.T, header string) {
		r := right(t)
		r.Header.Set("Authorization", header)
		a, err := verifier(docTime).Verify(r, "")
		if code(t, err) == "" && !strings.Contains(strings.ToLower(header), signature) {
			t.Errorf("%q was let in as %+v", header, a)
		}
	})
}

// FuzzPresigned: no query that was not signed is let in.
func FuzzPresigned(f *testing.F) {
	good := awsPresign(f, newRequest(f, "GET", "http://host/bucket/key", nil), docTime).URL
	f.Add(good.RawQuery)
	f.Add(strings.Replace(good.RawQuery, "60", "61", 1))
	f.Add("AWSAccessKeyId=" + accessKey + "&Expires=1369353660&Signature=AAAA")
	f.Add("X-Amz-Algorithm=&X-Amz-Credential=&X-Amz-Date=&X-Amz-Expires=&X-Amz-SignedHeaders=&X-Amz-Signature=")
	want := good.Query()
	f.Fuzz(func(t *testing.T, query string) {
		r := newRequest(t, "GET", "http://host/bucket/key", nil)
		r.URL.RawQuery = query
		a, err := verifier(docTime).Verify(r, "")
		if code(t, err) != "" {
			return
		}
		if got := (&url.URL{RawQuery: strings.ToLower(query)}).Query().Get("x-amz-signature"); got != want.Get("X-Amz-Signature") {
			t.Errorf("%q was let in as %+v", query, a)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	v := verifier(docTime)
	header := newRequest(b, "PUT", "http://host/bucket/some/key?partNumber=1&uploadId=abc", nil)
	header.Header.Set("Content-Type", "text/plain")
	auth.Sign(header, accessKey, secret, region, docTime)
	for name, r := range map[string]*http.Request{
		"header":    header,
		"presigned": awsPresign(b, newRequest(b, "GET", "http://host/bucket/some/key", nil), docTime),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(r, ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
