package s3api_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	mime "mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// form is a POST of a browser: fields in order, then the file.
type form struct {
	fields   [][2]string
	filename string
	file     string
}

// signedForm is a form with a policy of conditions, signed by version 2 as
// boto3 does; the fields need conditions of their own.
func signedForm(conditions, file string, fields ...string) form {
	text := fmt.Sprintf(`{"expiration": %q, "conditions": [%s]}`, time.Now().Add(time.Minute).UTC().Format(time.RFC3339), conditions)
	policy := base64.StdEncoding.EncodeToString([]byte(text))
	mac := hmac.New(sha1.New, []byte(secretKey))
	mac.Write([]byte(policy))
	f := form{file: file, filename: "photo.jpg", fields: [][2]string{
		{"AWSAccessKeyId", accessKey}, {"policy", policy}, {"signature", base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}}
	for i := 0; i < len(fields); i += 2 {
		f.fields = append(f.fields, [2]string{fields[i], fields[i+1]})
	}
	return f
}

// encode writes the form and returns its Content-Type.
func (f form) encode(t *testing.T) (body []byte, kind string) {
	t.Helper()
	var b bytes.Buffer
	m := mime.NewWriter(&b)
	for _, field := range f.fields {
		if err := m.WriteField(field[0], field[1]); err != nil {
			t.Fatal(err)
		}
	}
	w, err := m.CreateFormFile("file", f.filename)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, f.file)
	if err := m.WriteField("submit", "Upload"); err != nil { // behind the file: ignored
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m.FormDataContentType()
}

func (w *world) post(t *testing.T, f form) answer {
	t.Helper()
	body, kind := f.encode(t)
	return w.postBytes(t, body, kind)
}

func (w *world) postBytes(t *testing.T, body []byte, kind string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", w.server.URL+"/bucket", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	return w.send(t, r)
}

const inBucket = `{"bucket": "bucket"}, ["starts-with", "$key", "v1/"]`

func TestPostStores(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		data := strings.Repeat("picture", 100_000)
		a := w.post(t, signedForm(inBucket+`, {"Content-Type": "image/jpeg"}, {"x-amz-meta-who": "me"}, ["starts-with", "$tagging", ""]`, data,
			"key", "v1/${filename}", "Content-Type", "image/jpeg", "x-amz-meta-who", "me",
			"tagging", "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"))
		if a.status != http.StatusNoContent || a.body != "" || a.header.Get("ETag") == "" || !strings.HasSuffix(a.header.Get("Location"), "/bucket/v1/photo.jpg") {
			t.Fatalf("POST = %d %v %s", a.status, a.header, a.body)
		}
		got := w.do(t, "GET", "/bucket/v1/photo.jpg", "")
		if got.body != data || got.header.Get("Content-Type") != "image/jpeg" || got.header.Get("x-amz-meta-who") != "me" ||
			got.header.Get("x-amz-tagging-count") != "1" || got.header.Get("ETag") != a.header.Get("ETag") {
			t.Errorf("GET = %d, %d bytes, %v", got.status, len(got.body), got.header)
		}
	})
}

// TestPostMinio posts a form that minio-go signed, by version 4.
func TestPostMinio(t *testing.T) {
	w := newWorld(t, false, nil)
	_, host, _ := strings.Cut(w.server.URL, "://")
	client, err := minio.New(host, &minio.Options{Creds: credentials.NewStaticV4(accessKey, secretKey, ""), Region: region})
	if err != nil {
		t.Fatal(err)
	}
	policy := minio.NewPostPolicy()
	for _, err := range []error{
		policy.SetExpires(time.Now().Add(time.Minute)), policy.SetBucket("bucket"), policy.SetKey("v1/minio"),
		policy.SetContentType("text/plain"), policy.SetContentLengthRange(1, 100), policy.SetSuccessStatusAction("201"),
		policy.SetUserMetadata("a", "b"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, fields, err := client.PresignedPostPolicy(context.Background(), policy)
	if err != nil {
		t.Fatal(err)
	}
	f := form{file: "hello", filename: "x"}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f.fields = append(f.fields, [2]string{name, fields[name]})
	}
	a := w.post(t, f)
	if a.status != http.StatusCreated || !strings.Contains(a.body, "<Bucket>bucket</Bucket><Key>v1/minio</Key>") {
		t.Fatalf("POST = %d %s", a.status, a.body)
	}
	if got := w.do(t, "GET", "/bucket/v1/minio", ""); got.body != "hello" || got.header.Get("x-amz-meta-a") != "b" {
		t.Errorf("GET = %d %q %v", got.status, got.body, got.header)
	}
}

func TestPostAnswers(t *testing.T) {
	w := newWorld(t, false, nil)
	const anyAnswer = inBucket + `, ["starts-with", "$success_action_status", ""], ["starts-with", "$success_action_redirect", ""]`
	for _, tt := range []struct {
		status, redirect string
		want             int
		location         string
	}{
		{"200", "", 200, "/bucket/v1/a%20b"},
		{"204", "", 204, "/bucket/v1/a%20b"},
		{"teapot", "", 204, "/bucket/v1/a%20b"},
		{"200", "http://site.example/done?x=1", 303, "http://site.example/done?bucket=bucket&etag=%22b026324c6904b2a9cb4b88d6d61c81d1%22&key=v1%2Fa+b&x=1"},
		{"200", "javascript:alert(1)", 200, "/bucket/v1/a%20b"},
		{"201", "not a URL", 201, "/bucket/v1/a%20b"},
	} {
		a := w.post(t, signedForm(anyAnswer, "1\n", "key", "v1/a b", "success_action_status", tt.status, "success_action_redirect", tt.redirect))
		if a.status != tt.want || !strings.HasSuffix(a.header.Get("Location"), tt.location) {
			t.Errorf("POST with %s, %s = %d, %s, want %d, %s", tt.status, tt.redirect, a.status, a.header.Get("Location"), tt.want, tt.location)
		}
	}
}

// TestPostRefused: a form that is not what it has to be stores nothing.
func TestPostRefused(t *testing.T) {
	w := newWorld(t, false, nil)
	drop := func(f form, i int) form {
		f.fields = slices.Delete(slices.Clone(f.fields), i, i+1)
		return f
	}
	for _, tt := range []struct {
		name string
		form form
		code string
	}{
		{"no credentials", form{file: "x", fields: [][2]string{{"key", "v1/a"}}}, "AccessDenied"},
		{"other access key", form{file: "x", fields: append([][2]string{{"AWSAccessKeyId", "other"}}, signedForm(inBucket, "", "key", "v1/a").fields[1:]...)}, "InvalidAccessKeyId"},
		{"no signature", drop(signedForm(inBucket, "x", "key", "v1/a"), 2), "InvalidArgument"},
		{"no policy", drop(signedForm(inBucket, "x", "key", "v1/a"), 1), "AccessDenied"},
		{"other key", signedForm(inBucket, "x", "key", "v2/a"), "AccessDenied"},
		{"key of the file's name", signedForm(`{"bucket": "bucket"}, {"key": "v1/other"}`, "x", "key", "v1/${filename}"), "AccessDenied"},
		{"no key", signedForm(`{"bucket": "bucket"}`, "x"), "InvalidArgument"},
		{"field more", signedForm(inBucket, "x", "key", "v1/a", "acl", "private"), "AccessDenied"},
		{"field twice", signedForm(inBucket, "x", "key", "v1/a", "KEY", "v1/b"), "MalformedPOSTRequest"},
		{"public", signedForm(inBucket+`, {"acl": "public-read"}`, "x", "key", "v1/a", "acl", "public-read"), "AccessControlListNotSupported"},
		{"encrypted", signedForm(inBucket+`, {"x-amz-server-side-encryption": "AES256"}`, "x", "key", "v1/a", "x-amz-server-side-encryption", "AES256"), "NotImplemented"},
		{"too small", signedForm(inBucket+`, ["content-length-range", 2, 3]`, "x", "key", "v1/a"), "EntityTooSmall"},
		{"too large", signedForm(inBucket+`, ["content-length-range", 2, 3]`, "xxxx", "key", "v1/a"), "EntityTooLarge"},
		{"MD5", signedForm(inBucket+`, ["starts-with", "$content-md5", ""]`, "x", "key", "v1/a", "Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="), "BadDigest"},
		{"checksum", signedForm(inBucket+`, ["starts-with", "$x-amz-checksum-crc32", ""]`, "x", "key", "v1/a", "x-amz-checksum-crc32", "AAAAAA=="), "BadDigest"},
		{"fields too large", signedForm(inBucket, "x", "key", "v1/a", "x-ignore-1", strings.Repeat("i", 40<<10)), "MaxPostPreDataLengthExceededError"},
		{"key too long", signedForm(inBucket, "x", "key", "v1/"+strings.Repeat("k", 1022)), "KeyTooLongError"},
		{"not UTF-8", signedForm(inBucket, "x", "key", "v1/\xff"), "MalformedPOSTRequest"},
		{"two lines", signedForm(inBucket+`, ["starts-with", "$x-amz-meta-a", ""]`, "x", "key", "v1/a", "x-amz-meta-a", "1\r\nx-amz-meta-b: 2"), "InvalidArgument"},
		{"tags malformed", signedForm(inBucket+`, ["starts-with", "$tagging", ""]`, "x", "key", "v1/a", "tagging", "<a/>"), "MalformedXML"},
	} {
		a := w.post(t, tt.form)
		if got := a.code(t); got != tt.code {
			t.Errorf("%s: %d %s, want %s", tt.name, a.status, a.body, tt.code)
		}
	}
	if keys := w.keys(t); len(keys) > 0 {
		t.Errorf("stored after all: %q", keys)
	}
}

// TestPostMalformed: a form that ends early stores nothing.
func TestPostMalformed(t *testing.T) {
	w := newWorld(t, false, nil)
	whole, kind := signedForm(inBucket, strings.Repeat("x", 100), "key", "v1/a").encode(t)
	end := bytes.LastIndex(whole, []byte("x\r\n")) + 5 // the line behind the file has begun
	for n := 0; n < end; n += 7 {
		if a := w.postBytes(t, whole[:n], kind); a.status != 400 {
			t.Errorf("cut to %d of %d bytes: %d %s", n, len(whole), a.status, a.body)
		}
	}
	for _, tt := range []struct{ kind, code string }{
		{"", "PreconditionFailed"}, {"text/plain", "PreconditionFailed"}, {"multipart/form-data", "PreconditionFailed"},
		{"multipart/form-data; boundary=other", "MalformedPOSTRequest"},
	} {
		if a := w.postBytes(t, whole, tt.kind); a.code(t) != tt.code {
			t.Errorf("POST of %q: %d %s, want %s", tt.kind, a.status, a.body, tt.code)
		}
	}
	none := "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nv1/a\r\n--b--\r\n"
	if a := w.postBytes(t, []byte(none), "multipart/form-data; boundary=b"); a.code(t) != "IncorrectNumberOfFilesInPostRequest" {
		t.Errorf("POST without a file: %d %s", a.status, a.body)
	}
	for _, name := range []string{"", "upload"} {
		other := "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"f\"\r\n\r\nx\r\n--b--\r\n"
		if a := w.postBytes(t, []byte(other), "multipart/form-data; boundary=b"); a.code(t) != "MalformedPOSTRequest" {
			t.Errorf("POST of a file in the field %q: %d %s", name, a.status, a.body)
		}
	}
	if keys := w.keys(t); len(keys) > 0 {
		t.Errorf("stored after all: %q", keys)
	}
}
