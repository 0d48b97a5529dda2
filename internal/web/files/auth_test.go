package files_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"aetherfs/internal/auth"
	"aetherfs/internal/web/files"
)

// presigned returns a link made by Amazon's library for a gateway at "/fs".
func presigned(t *testing.T, key, secret string, life time.Duration, adjust ...func(*s3.GetObjectInput)) *http.Request {
	t.Helper()
	client := s3.NewPresignClient(s3.New(s3.Options{
		BaseEndpoint: aws.String("http://gateway/fs"), UsePathStyle: true, Region: auth.DefaultRegion,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: secret}, nil
		}),
	}))
	in := &s3.GetObjectInput{Bucket: aws.String(dataset), Key: &key}
	for _, f := range adjust {
		f(in)
	}
	made, err := client.PresignGetObject(t.Context(), in, s3.WithPresignExpires(life))
	if err != nil {
		t.Fatal(err)
	}
	return httptest.NewRequest(http.MethodGet, made.URL, nil)
}

func TestOnlyWithCredentials(t *testing.T) {
	w := newWorld(t)
	w.put(t, "v1/x", "secret bytes")
	basic := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	sign := func(secret string, age time.Duration) func(*http.Request) {
		return func(r *http.Request) { auth.Sign(r, accessKey, secret, auth.DefaultRegion, time.Now().Add(-age)) }
	}
	for _, c := range []struct {
		name    string
		prepare func(*http.Request)
		want    int
	}{
		{"none", func(*http.Request) {}, 401},
		{"an empty name", basic("", ""), 401},
		{"an unknown key", basic("nobody", secretKey), 401},
		{"a wrong secret", basic(accessKey, secretKey+"x"), 401},
		{"another scheme", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+secretKey) }, 401},
		{"a wrong signature", sign("wrong", 0), 401},
		{"an old signature", sign(secretKey, time.Hour), 401},
		{"a made-up signature of version 2", func(r *http.Request) {
			r.URL.RawQuery = "AWSAccessKeyId=" + accessKey + "&Signature=x&Expires=9999999999"
		}, 401},
		{"a key and secret", basic(accessKey, secretKey), 200},
		{"a signature", sign(secretKey, 0), 200},
	} {
		for _, path := range []string{"/fs/maps/v1/x", "/fs/maps/v1/", "/fs/maps/", "/fs/"} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				r := httptest.NewRequest(method, "http://gateway"+path, nil)
				c.prepare(r)
				checkAnswer(t, c.name, w.send(r), c.want)
			}
		}
		for _, path := range []string{"/fs", "/fs/maps", "/fs/none", "/fs/maps/none", "/fs/maps/..", "/fs/%2F"} {
			r := httptest.NewRequest(http.MethodGet, "http://gateway"+path, nil)
			c.prepare(r)
			if got := w.send(r).StatusCode; (got == 401) != (c.want == 401) {
				t.Errorf("%s with %s: %d", path, c.name, got)
			}
		}
	}
}

func checkAnswer(t *testing.T, name string, answer *http.Response, want int) {
	t.Helper()
	got := body(t, answer)
	if answer.StatusCode != want {
		t.Errorf("with %s: %s, want %d", name, answer.Status, want)
	}
	if want == 401 && (strings.Contains(got, "secret bytes") || !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Basic ")) {
		t.Errorf("with %s: %q, %v", name, got, answer.Header)
	}
}

func TestPresignedLinks(t *testing.T) {
	w := newWorld(t)
	keys := []string{"v1/x", "top", "sp ace/é+%?#&=.txt"}
	for _, key := range keys {
		w.put(t, key, "bytes of "+key)
	}
	for _, key := range keys {
		answer := w.send(presigned(t, key, secretKey, time.Minute))
		if got := body(t, answer); got != "bytes of "+key {
			t.Errorf("a link to %q leads to %q", key, got)
		}
		if got := answer.Header.Get("Cross-Origin-Resource-Policy"); got != "cross-origin" {
			t.Errorf("a link may be shown by %q only", got)
		}
	}
	for name, change := range map[string]func(*http.Request){
		"another file":    func(r *http.Request) { r.URL.Path = "/fs/maps/top" },
		"a method":        func(r *http.Request) { r.Method = http.MethodHead },
		"a longer life":   func(r *http.Request) { edit(r, "X-Amz-Expires", "3600") },
		"a parameter":     func(r *http.Request) { edit(r, "after", "x") },
		"another host":    func(r *http.Request) { r.Host = "elsewhere" },
		"an S3 path":      func(r *http.Request) { r.URL.Path = strings.TrimPrefix(r.URL.Path, "/fs") },
		"no signature":    func(r *http.Request) { edit(r, "X-Amz-Signature", "") },
		"a bad signature": func(r *http.Request) { edit(r, "X-Amz-Signature", strings.Repeat("0", 64)) },
	} {
		r := presigned(t, "v1/x", secretKey, time.Minute)
		change(r)
		checkAnswer(t, "a link changed by "+name, w.send(r), 401)
	}
	checkAnswer(t, "a wrong secret", w.send(presigned(t, "v1/x", "wrong", time.Minute)), 401)

	later := newWorld(t, func(o *files.Options) {
		o.Verifier.Now = func() time.Time { return time.Now().Add(2 * time.Minute) }
	})
	checkAnswer(t, "an old link", later.send(presigned(t, "v1/x", secretKey, time.Minute)), 401)
}

// TestLinksChooseNoType: what S3 would let a link say of a file is not heard.
func TestLinksChooseNoType(t *testing.T) {
	w := newWorld(t)
	w.put(t, "x.zip", "<script>alert(1)</script>")
	answer := w.send(presigned(t, "x.zip", secretKey, time.Minute, func(in *s3.GetObjectInput) {
		in.ResponseContentType, in.ResponseContentDisposition = aws.String("text/html"), aws.String("inline")
		in.ResponseContentEncoding, in.ResponseCacheControl = aws.String("gzip"), aws.String("public")
	}))
	h := answer.Header
	if answer.StatusCode != 200 || h.Get("Content-Type") != "application/zip" || h.Get("Content-Disposition") != "attachment" || h.Get("Content-Encoding") != "" {
		t.Errorf("%s, %v", answer.Status, h)
	}
	checkSafe(t, "a link with a type", answer)
}

// linkV2 is signed as the aws command line does it by default: S3's path, and
// what of the query S3 says.
func linkV2(target, resource, secret string, expires time.Time) *http.Request {
	at := strconv.FormatInt(expires.Unix(), 10)
	mac := hmac.New(sha1.New, []byte(secret))
	io.WriteString(mac, "GET\n\n\n"+at+"\n"+resource)
	r := httptest.NewRequest(http.MethodGet, "http://gateway"+target, nil)
	r.URL.RawQuery += "&AWSAccessKeyId=" + accessKey + "&Expires=" + at + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	r.URL.RawQuery = strings.TrimPrefix(r.URL.RawQuery, "&")
	return r
}

// TestLinksOfVersion2 are for the bytes of a file, as they are over S3, and for
// nothing else.
func TestLinksOfVersion2(t *testing.T) {
	w := newWorld(t)
	w.put(t, "v1/x", "bytes")
	w.put(t, "sp ace%", "bytes")
	later := time.Now().Add(time.Minute)
	for _, c := range []struct {
		name string
		r    *http.Request
		want int
	}{
		{"a link", linkV2("/fs/maps/v1/x", "/maps/v1/x", secretKey, later), 200},
		{"a link with escapes", linkV2("/fs/maps/sp%20ace%25", "/maps/sp%20ace%25", secretKey, later), 200},
		{"an old link", linkV2("/fs/maps/v1/x", "/maps/v1/x", secretKey, time.Now().Add(-time.Minute)), 401},
		{"a wrong secret", linkV2("/fs/maps/v1/x", "/maps/v1/x", "wrong", later), 401},
		{"another file", linkV2("/fs/maps/v1/x", "/maps/v1/y", secretKey, later), 401},
		{"an encoded slash", linkV2("/fs/maps/v1%2Fx", "/maps/v1/x", secretKey, later), 401},
		{"the tags of a file", linkV2("/fs/maps/v1/x?tagging", "/maps/v1/x?tagging", secretKey, later), 401},
		{"a free parameter", linkV2("/fs/maps/v1/x?prefix=a", "/maps/v1/x", secretKey, later), 401},
		{"a directory", linkV2("/fs/maps/v1/", "/maps/v1/", secretKey, later), 401},
		{"a dataset", linkV2("/fs/maps/", "/maps/", secretKey, later), 401},
		{"the root", linkV2("/fs/", "/", secretKey, later), 401},
	} {
		checkAnswer(t, c.name, w.send(c.r), c.want)
	}
}

func edit(r *http.Request, name, value string) {
	query, _ := url.ParseQuery(r.URL.RawQuery)
	query.Set(name, value)
	r.URL.RawQuery = query.Encode()
}

// TestDrive: WebDAV clients show a key and its secret, and get files as they
// are.
func TestDrive(t *testing.T) {
	w := newWorld(t, func(o *files.Options) { o.Prefix, o.Drive, o.CacheBytes = "/webdav/", true, 0 })
	w.put(t, "v1/x.txt", strings.Repeat("text ", 1000))
	link := presigned(t, "v1/x.txt", secretKey, time.Minute)
	link.URL.Path = "/webdav/maps/v1/x.txt"
	checkAnswer(t, "a link", w.send(link), 401)
	signed := httptest.NewRequest(http.MethodGet, "http://gateway/webdav/maps/v1/x.txt", nil)
	auth.Sign(signed, accessKey, secretKey, auth.DefaultRegion, time.Now())
	checkAnswer(t, "a signature", w.send(signed), 401)
	answer := w.get(t, "/webdav/maps/v1/x.txt", "Accept-Encoding", "gzip")
	if answer.StatusCode != 200 || answer.Header.Get("Content-Encoding") != "" || len(body(t, answer)) != 5000 {
		t.Errorf("%s, %v", answer.Status, answer.Header)
	}
	if got := w.get(t, "/webdav/maps/v1"); got.Header.Get("Location") != "./v1/" {
		t.Errorf("a directory leads to %q", got.Header.Get("Location"))
	}
	if got := w.get(t, "/fs/maps/v1/x.txt"); got.StatusCode != 404 {
		t.Errorf("another prefix: %s", got.Status)
	}
}
