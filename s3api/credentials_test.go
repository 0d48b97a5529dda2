package s3api_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/s3api"
)

const (
	accessKey = "AKIDEXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	region    = "us-east-1"
)

var now = time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)

// refused is a front end whose tree must never be asked for.
func refused(t *testing.T) http.Handler {
	return s3api.New(s3api.Options{
		Verifier: &auth.Verifier{Keys: auth.Static{accessKey: secretKey}, Region: region, Now: func() time.Time { return now }},
		Tree: func(auth.Identity) backend.Tree {
			t.Helper()
			t.Error("the tree was asked for")
			return nil
		},
	})
}

// signature is a way in which clients sign.
type signature struct {
	name string
	sign func(t *testing.T, r *http.Request, key, secret string, at time.Time)
}

func headerSigned(payload string) signature {
	return signature{"header " + payload, func(t *testing.T, r *http.Request, key, secret string, at time.Time) {
		r.Header.Set("X-Amz-Content-Sha256", payload)
		if strings.HasPrefix(payload, "STREAMING-") {
			r.Header.Set("X-Amz-Decoded-Content-Length", "0")
		}
		err := v4.NewSigner(bare).SignHTTP(t.Context(), aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, r, payload, "s3", region, at)
		if err != nil {
			t.Fatal(err)
		}
	}}
}

func bare(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }

var signatures = []signature{
	headerSigned("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
	headerSigned("UNSIGNED-PAYLOAD"),
	headerSigned("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
	headerSigned("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
	headerSigned("STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
	{"presigned", func(t *testing.T, r *http.Request, key, secret string, at time.Time) {
		q := r.URL.Query()
		q.Set("X-Amz-Expires", "60")
		r.URL.RawQuery = q.Encode()
		signed, _, err := v4.NewSigner(bare).PresignHTTP(t.Context(), aws.Credentials{AccessKeyID: key, SecretAccessKey: secret},
			r, "UNSIGNED-PAYLOAD", "s3", region, at)
		if err != nil {
			t.Fatal(err)
		}
		if r.URL, err = url.Parse(signed); err != nil {
			t.Fatal(err)
		}
	}},
	{"presigned by version 2", func(_ *testing.T, r *http.Request, key, secret string, at time.Time) {
		q := r.URL.Query()
		expires := strconv.FormatInt(at.Add(time.Minute).Unix(), 10)
		text := r.Method + "\n\n\n" + expires + "\n"
		for name := range r.Header {
			text += strings.ToLower(name) + ":" + r.Header.Get(name) + "\n"
		}
		text += r.URL.EscapedPath()
		var names []string
		for name := range q {
			if name != "list-type" {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for i, name := range names {
			text += map[bool]string{true: "?", false: "&"}[i == 0] + name
			if v := q.Get(name); v != "" {
				text += "=" + v
			}
		}
		mac := hmac.New(sha1.New, []byte(secret))
		mac.Write([]byte(text))
		q.Set("AWSAccessKeyId", key)
		q.Set("Expires", expires)
		q.Set("Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		r.URL.RawQuery = q.Encode()
	}},
}

// forgeries are the ways in which credentials are wrong.
var forgeries = []struct {
	name  string
	forge func(t *testing.T, r *http.Request, s signature)
}{
	{"wrong secret", func(t *testing.T, r *http.Request, s signature) { s.sign(t, r, accessKey, "wrong", now) }},
	{"unknown key", func(t *testing.T, r *http.Request, s signature) { s.sign(t, r, "AKIDNOBODY", secretKey, now) }},
	{"too old", func(t *testing.T, r *http.Request, s signature) {
		s.sign(t, r, accessKey, secretKey, now.Add(-20*time.Minute))
	}},
	{"another path", func(t *testing.T, r *http.Request, s signature) {
		s.sign(t, r, accessKey, secretKey, now)
		r.URL.Path, r.URL.RawPath = strings.Replace(r.URL.Path, "bucket", "tekcub", 1), ""
		if r.URL.Path == "/" { // there is no other
			r.URL.Path = "//"
		}
	}},
	{"another method", func(t *testing.T, r *http.Request, s signature) {
		method := r.Method
		r.Method = "PATCH"
		s.sign(t, r, accessKey, secretKey, now)
		r.Method = method
	}},
	{"a header that is not signed", func(t *testing.T, r *http.Request, s signature) {
		s.sign(t, r, accessKey, secretKey, now)
		r.Header.Set("X-Amz-Tagging", "a=b")
	}},
}

func request(row s3api.Row) *http.Request {
	r := httptest.NewRequest(row.Method, "http://s3.example"+row.Path, nil)
	r.URL.RawQuery = row.Query.Encode()
	r.Header = row.Header.Clone()
	return r
}

func TestWrongSignatureReachesNothing(t *testing.T) {
	for _, row := range s3api.Rows() {
		if row.Form {
			continue // TestWrongFormReachesNothing
		}
		for _, s := range signatures {
			for _, f := range forgeries {
				t.Run(fmt.Sprintf("%s/%s/%s", row.Name, s.name, f.name), func(t *testing.T) {
					r := request(row)
					f.forge(t, r, s)
					w := httptest.NewRecorder()
					refused(t).ServeHTTP(w, r)
					if w.Code != http.StatusForbidden {
						t.Errorf("%s %s = %d, want 403\n%s", r.Method, r.URL, w.Code, w.Body)
					}
				})
			}
		}
		t.Run(row.Name+"/nobody", func(t *testing.T) {
			w := httptest.NewRecorder()
			refused(t).ServeHTTP(w, request(row))
			if w.Code != http.StatusForbidden {
				t.Errorf("status %d, want 403", w.Code)
			}
		})
	}
}

func TestWrongFormReachesNothing(t *testing.T) {
	good := signedForm(inBucket, "x", "key", "v1/a")
	for name, change := range map[string]func(field string, value *string){
		"wrong signature": func(field string, value *string) {
			if field == "signature" {
				*value = base64.StdEncoding.EncodeToString(make([]byte, sha1.Size))
			}
		},
		"unknown key": func(field string, value *string) {
			if field == "AWSAccessKeyId" {
				*value = "AKIDNOBODY"
			}
		},
		"another policy": func(field string, value *string) {
			if field == "policy" {
				*value = base64.StdEncoding.EncodeToString([]byte(`{"expiration": "2099-01-01T00:00:00Z", "conditions": [["starts-with", "$key", ""]]}`))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := form{file: good.file, filename: good.filename, fields: slices.Clone(good.fields)}
			for i := range f.fields {
				change(f.fields[i][0], &f.fields[i][1])
			}
			body, kind := f.encode(t)
			r := httptest.NewRequest("POST", "http://s3.example/bucket", bytes.NewReader(body))
			r.Header.Set("Content-Type", kind)
			w := httptest.NewRecorder()
			refused(t).ServeHTTP(w, r)
			if w.Code != http.StatusForbidden {
				t.Errorf("status %d, want 403\n%s", w.Code, w.Body)
			}
		})
	}
}

// The same requests with a right signature do reach the tree: the test above
// refuses them for the signature alone.
func TestRightSignatureReachesTheTree(t *testing.T) {
	for _, row := range s3api.Rows() {
		if row.Form {
			continue
		}
		for _, s := range signatures {
			if s.name == "presigned by version 2" && !v2Can(row) {
				continue
			}
			t.Run(row.Name+"/"+s.name, func(t *testing.T) {
				asked := false
				h := s3api.New(s3api.Options{
					Verifier: &auth.Verifier{Keys: auth.Static{accessKey: secretKey}, Region: region, Now: func() time.Time { return now }},
					Tree: func(who auth.Identity) backend.Tree {
						asked = who.AccessKey == accessKey
						return backend.Guarded(nil, auth.Identity{}) // may do nothing
					},
				})
				r := request(row)
				s.sign(t, r, accessKey, secretKey, now)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if !asked {
					t.Errorf("%s %s = %d, and the tree was not asked for\n%s", r.Method, r.URL, w.Code, w.Body)
				}
			})
		}
	}
}

// v2Can reports whether version 2 signs all of the row's query.
func v2Can(row s3api.Row) bool {
	for _, name := range []string{"attributes", "accelerate", "encryption", "object-lock", "ownershipControls", "policyStatus",
		"publicAccessBlock", "legal-hold", "retention"} {
		if row.Query.Has(name) {
			return false
		}
	}
	return true
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
