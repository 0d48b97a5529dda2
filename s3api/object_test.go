package s3api_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// noise returns n bytes that do not repeat, from a fixed seed.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b)
	return b
}

var oddKeys = []string{
	"plain", "v1/a b+c%d#e?f&g=h", "v1/üñí/日本語", "v1//double", "/lead", "v1/trail/", "v1/./../dots", "v1/\x01\r\n\tctl",
	"v1/'\"<>&;", "v1/" + strings.Repeat("k", 1021), "v1/%2F", "v1/~*()!", "a/b/c/d/e", "v1/\U0001F600", "+", "//",
}

func TestObjectsComeBack(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		for i, key := range oddKeys {
			data := noise(i * 7919 % 300_000)
			w.put(t, key, data)
			get, err := w.client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: &key, ChecksumMode: types.ChecksumModeEnabled})
			if err != nil {
				t.Fatalf("get %q: %v", key, err)
			}
			if got := readAll(t, get.Body); got != string(data) {
				t.Errorf("get %q: %d bytes, want %d", key, len(got), len(data))
			}
			head, err := w.client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("bucket"), Key: &key})
			if err != nil || *head.ContentLength != int64(len(data)) || *head.ETag != *get.ETag {
				t.Errorf("head %q = %v, %v", key, head, err)
			}
		}
		if got := w.keys(t); len(got) != len(oddKeys) {
			t.Errorf("%d keys, want %d", len(got), len(oddKeys))
		}
		for _, key := range oddKeys {
			if _, err := w.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("bucket"), Key: &key}); err != nil {
				t.Errorf("delete %q: %v", key, err)
			}
		}
		if got := w.keys(t); len(got) != 0 {
			t.Errorf("left: %q", got)
		}
	})
}

func TestHeadersComeBack(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		expires := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
		_, err := w.client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String("bucket"), Key: aws.String("k"), Body: strings.NewReader("data"),
			CacheControl: aws.String("no-store"), ContentDisposition: aws.String("attachment"), ContentEncoding: aws.String("gzip"),
			ContentLanguage: aws.String("de"), ContentType: aws.String("text/x"), Expires: &expires,
			Metadata: map[string]string{"Foo-Bar": "1", "x": "é"}, Tagging: aws.String("a=1&b=2"),
		})
		if err != nil {
			t.Fatal(err)
		}
		a := w.want(t, 200, "", "HEAD", "/bucket/k", "")
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "Content-Disposition": "attachment", "Content-Encoding": "gzip", "Content-Language": "de",
			"Content-Type": "text/x", "Expires": "Wed, 02 Jan 2030 03:04:05 GMT", "X-Amz-Meta-Foo-Bar": "1", "X-Amz-Meta-X": "é",
			"X-Amz-Tagging-Count": "2", "Accept-Ranges": "bytes", "Content-Length": "4", "Etag": `"8d777f385d3dfec8815d20f7496026dc"`,
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s = %q, want %q", name, got, want)
			}
		}
		for name := range a.header {
			if strings.HasPrefix(name, "X-Amz-Checksum") || name == "X-Amz-Content-Sha256" || name == "Access-Control-Allow-Origin" {
				t.Errorf("%s was sent", name)
			}
		}
		a = w.want(t, 200, "", "GET", "/bucket/k?response-content-type=a/b&response-cache-control=max-age=1", "")
		if a.header.Get("Content-Type") != "a/b" || a.header.Get("Cache-Control") != "max-age=1" || a.body != "data" {
			t.Errorf("overridden: %v", a)
		}
	})
}

// boto3 and others take the names of metadata as they stand on the wire.
func TestMetadataIsLowerCase(t *testing.T) {
	w := newWorld(t, false, nil)
	w.want(t, 200, "", "PUT", "/bucket/k", "x", "X-Amz-Meta-Foo", "1")
	r := w.request(t, "HEAD", "/bucket/k", nil)
	var raw bytes.Buffer
	if err := exchange(w, r, &raw); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(raw.String(), "\r\nx-amz-meta-foo: 1\r\n") {
		t.Errorf("no lower-case name in\n%s", &raw)
	}
}

func TestDefaultType(t *testing.T) {
	w := newWorld(t, false, nil)
	w.want(t, 200, "", "PUT", "/bucket/k", "<html>")
	for _, method := range []string{"GET", "HEAD"} {
		if got := w.want(t, 200, "", method, "/bucket/k", "").header.Get("Content-Type"); got != "binary/octet-stream" {
			t.Errorf("%s: Content-Type = %q", method, got)
		}
	}
}

func TestRanges(t *testing.T) {
	w := newWorld(t, false, nil)
	data := string(noise(1000))
	w.put(t, "k", []byte(data))
	for _, c := range []struct {
		header string
		status int
		code   string
		want   string
		sent   string
	}{
		{"bytes=0-9", 206, "", data[:10], "bytes 0-9/1000"},
		{"bytes=990-2000", 206, "", data[990:], "bytes 990-999/1000"},
		{"bytes=-10", 206, "", data[990:], "bytes 990-999/1000"},
		{"bytes=-5000", 206, "", data, "bytes 0-999/1000"},
		{"bytes=0-1,5-6", 200, "", data, ""},
		{"bytes=x", 200, "", data, ""},
		{"bytes=1000-", 416, "InvalidRange", "", "bytes */1000"},
	} {
		a := w.want(t, c.status, c.code, "GET", "/bucket/k", "", "Range", c.header, "x-amz-checksum-mode", "ENABLED")
		if a.header.Get("Content-Range") != c.sent || c.code == "" && a.body != c.want {
			t.Errorf("%s: Content-Range %q, %d bytes, want %q, %d", c.header, a.header.Get("Content-Range"), len(a.body), c.sent, len(c.want))
		}
		if c.status == 206 && len(c.want) < len(data) && a.header.Get("x-amz-checksum-crc32") != "" {
			t.Errorf("%s: a part came with the checksum of the whole", c.header)
		}
		h := w.do(t, "HEAD", "/bucket/k", "", "Range", c.header)
		if h.status != c.status || h.header.Get("Content-Range") != c.sent {
			t.Errorf("HEAD %s = %d, %q, want %d, %q", c.header, h.status, h.header.Get("Content-Range"), c.status, c.sent)
		}
	}
	etag := w.do(t, "HEAD", "/bucket/k", "").header.Get("ETag")
	w.want(t, 206, "", "GET", "/bucket/k", "", "Range", "bytes=0-1", "If-Range", etag)
	w.want(t, 200, "", "GET", "/bucket/k", "", "Range", "bytes=0-1", "If-Range", `"other"`)
}

// TestRestOfAnother: of two files that were put within a second, nobody is given
// the rest of one who has the beginning of the other and asks by its time.
func TestRestOfAnother(t *testing.T) {
	w := newWorld(t, false, nil)
	w.want(t, 200, "", "PUT", "/bucket/k", "first")
	told := w.do(t, "HEAD", "/bucket/k", "").header
	w.want(t, 200, "", "PUT", "/bucket/k", "other")
	for _, cond := range []string{told.Get("Last-Modified"), told.Get("ETag"), "W/" + told.Get("ETag")} {
		if got := w.want(t, 200, "", "GET", "/bucket/k", "", "Range", "bytes=2-", "If-Range", cond); got.body != "other" {
			t.Errorf("If-Range %s: %q, want all of the second file", cond, got.body)
		}
	}
}

func TestConditionalReads(t *testing.T) {
	w := newWorld(t, false, nil)
	etag := w.want(t, 200, "", "PUT", "/bucket/k", "x").header.Get("ETag")
	past, future := "Sun, 01 Jan 2006 00:00:00 GMT", "Tue, 01 Jan 2115 00:00:00 GMT"
	for _, c := range []struct {
		status int
		header []string
	}{
		{200, []string{"If-Match", etag}},
		{200, []string{"If-Match", "*"}},
		{200, []string{"If-Match", `"x", ` + etag}},
		{412, []string{"If-Match", `"x"`}},
		{412, []string{"If-Match", "W/" + etag}},
		{304, []string{"If-None-Match", etag}},
		{304, []string{"If-None-Match", "W/" + etag}},
		{304, []string{"If-None-Match", "*"}},
		{200, []string{"If-None-Match", `"x"`}},
		{304, []string{"If-Modified-Since", future}},
		{200, []string{"If-Modified-Since", past}},
		{200, []string{"If-Modified-Since", "nonsense"}},
		{412, []string{"If-Unmodified-Since", past}},
		{200, []string{"If-Unmodified-Since", future}},
		{200, []string{"If-Match", etag, "If-Unmodified-Since", past}},
		{200, []string{"If-None-Match", `"x"`, "If-Modified-Since", future}},
		{304, []string{"If-Match", etag, "If-None-Match", etag}},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			a := w.do(t, method, "/bucket/k", "", c.header...)
			if a.status != c.status {
				t.Errorf("%s %v = %d, want %d", method, c.header, a.status, c.status)
			}
			if a.status == 304 && (a.header.Get("ETag") != etag || a.header.Get("Last-Modified") == "" || a.body != "") {
				t.Errorf("%s %v: incomplete answer %v", method, c.header, a)
			}
		}
	}
}

func TestConditionalWrites(t *testing.T) {
	w := newWorld(t, false, nil)
	w.want(t, 404, "NoSuchKey", "PUT", "/bucket/k", "0", "If-Match", `"x"`)
	w.want(t, 404, "NoSuchKey", "DELETE", "/bucket/k", "", "If-Match", "*")
	etag := w.want(t, 200, "", "PUT", "/bucket/k", "1", "If-None-Match", "*").header.Get("ETag")
	w.want(t, 412, "PreconditionFailed", "PUT", "/bucket/k", "2", "If-None-Match", "*")
	w.want(t, 412, "PreconditionFailed", "PUT", "/bucket/k", "2", "If-Match", `"x"`)
	w.want(t, 412, "PreconditionFailed", "DELETE", "/bucket/k", "", "If-Match", `"x"`)
	w.want(t, 501, "NotImplemented", "DELETE", "/bucket/k", "", "x-amz-if-match-size", "1")
	if a := w.want(t, 200, "", "GET", "/bucket/k", ""); a.body != "1" {
		t.Errorf("k = %q, want 1", a.body)
	}
	etag = w.want(t, 200, "", "PUT", "/bucket/k", "2", "If-Match", etag).header.Get("ETag")
	w.want(t, 204, "", "DELETE", "/bucket/k", "", "If-Match", etag)
	w.want(t, 404, "NoSuchKey", "GET", "/bucket/k", "")
	w.want(t, 204, "", "DELETE", "/bucket/k", "")
}

func TestTagging(t *testing.T) {
	w := newWorld(t, false, nil)
	etag := w.want(t, 200, "", "PUT", "/bucket/k", "x", "x-amz-tagging", "a=1").header.Get("ETag")
	doc := func(tags string) string { return "<Tagging><TagSet>" + tags + "</TagSet></Tagging>" }
	tag := func(k, v string) string { return "<Tag><Key>" + k + "</Key><Value>" + v + "</Value></Tag>" }
	get := func() string { return w.want(t, 200, "", "GET", "/bucket/k?tagging", "").body }
	if got := get(); !strings.Contains(got, tag("a", "1")) {
		t.Errorf("tags = %s", got)
	}
	w.want(t, 200, "", "PUT", "/bucket/k?tagging", doc(tag("b", "&lt;")+tag("c", "")))
	if got := get(); !strings.Contains(got, doc(tag("b", "&lt;") + tag("c", ""))[len("<Tagging>"):]) {
		t.Errorf("tags = %s", got)
	}
	for _, bad := range []string{doc(tag("a", "1") + tag("a", "2")), doc(tag("", "1")), doc(tag("a", strings.Repeat("x", 257)))} {
		w.want(t, 400, "InvalidTag", "PUT", "/bucket/k?tagging", bad)
	}
	w.want(t, 400, "BadRequest", "PUT", "/bucket/k?tagging", doc(strings.Repeat(tag("a", "1"), 11)))
	w.want(t, 400, "MalformedXML", "PUT", "/bucket/k?tagging", "")
	w.want(t, 404, "NoSuchKey", "PUT", "/bucket/none?tagging", doc(""))
	a := w.want(t, 200, "", "GET", "/bucket/k", "")
	if a.body != "x" || a.header.Get("ETag") != etag || a.header.Get("x-amz-tagging-count") != "2" {
		t.Errorf("tags changed the object: %v", a)
	}
	w.want(t, 204, "", "DELETE", "/bucket/k?tagging", "")
	if got := get(); strings.Contains(got, "<Tag>") {
		t.Errorf("tags = %s", got)
	}
	w.want(t, 200, "", "GET", "/bucket/k", "")
}

func TestCopy(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		data := noise(200_000)
		key := "v1/a b+c%ü"
		_, err := w.client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String("bucket"), Key: &key, Body: bytes.NewReader(data), ContentType: aws.String("a/b"),
			Metadata: map[string]string{"m": "1"}, Tagging: aws.String("t=1"),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.tree.CreateDataset(t.Context(), "other"); err != nil {
			t.Fatal(err)
		}
		source := "/bucket/v1/a%20b+c%25%C3%BC"
		check := func(target, kind, meta, tags string) {
			t.Helper()
			a := w.want(t, 200, "", "GET", target, "")
			if a.body != string(data) || a.header.Get("Content-Type") != kind || a.header.Get("x-amz-meta-m") != meta || a.header.Get("x-amz-tagging-count") != tags {
				t.Errorf("GET %s: %d bytes, %v", target, len(a.body), a.header)
			}
		}
		a := w.want(t, 200, "", "PUT", "/bucket/v2/x", "", "x-amz-copy-source", source, "Content-Type", "x/y", "x-amz-tagging", "q=1&r=2")
		if !strings.Contains(a.body, "<CopyObjectResult") || !strings.Contains(a.body, "<ETag>") {
			t.Errorf("answer %s", a.body)
		}
		check("/bucket/v2/x", "a/b", "1", "1")
		w.want(t, 200, "", "PUT", "/other/x", "", "x-amz-copy-source", source[1:]+"?versionId=null",
			"x-amz-metadata-directive", "REPLACE", "Content-Type", "x/y", "x-amz-meta-m", "2", "x-amz-tagging-directive", "REPLACE", "x-amz-tagging", "q=1&r=2")
		check("/other/x", "x/y", "2", "2")

		w.want(t, 400, "InvalidRequest", "PUT", source, "", "x-amz-copy-source", source)
		w.want(t, 200, "", "PUT", source, "", "x-amz-copy-source", source, "x-amz-metadata-directive", "REPLACE", "x-amz-meta-m", "3")
		check(source, "binary/octet-stream", "3", "1")

		etag := w.do(t, "HEAD", source, "").header.Get("ETag")
		w.want(t, 412, "PreconditionFailed", "PUT", "/bucket/y", "", "x-amz-copy-source", source, "x-amz-copy-source-if-match", `"x"`)
		w.want(t, 412, "PreconditionFailed", "PUT", "/bucket/y", "", "x-amz-copy-source", source, "x-amz-copy-source-if-none-match", etag)
		w.want(t, 200, "", "PUT", "/bucket/y", "", "x-amz-copy-source", source, "x-amz-copy-source-if-match", etag)
		w.want(t, 412, "PreconditionFailed", "PUT", "/bucket/y", "", "x-amz-copy-source", source, "if-none-match", "*")
		w.want(t, 404, "NoSuchKey", "PUT", "/bucket/y", "", "x-amz-copy-source", "bucket/none")
		w.want(t, 404, "NoSuchBucket", "PUT", "/bucket/y", "", "x-amz-copy-source", "nobucket/k")
		w.want(t, 404, "NoSuchBucket", "PUT", "/nobucket/y", "", "x-amz-copy-source", source)
		w.want(t, 400, "InvalidArgument", "PUT", "/bucket/y", "", "x-amz-copy-source", source+"?versionId=x")
		w.want(t, 400, "InvalidArgument", "PUT", "/bucket/y", "", "x-amz-copy-source", source, "x-amz-metadata-directive", "MERGE")

		// Two lines are signed as one with a comma, and so they count.
		w.want(t, 404, "NoSuchKey", "PUT", "/bucket/y", "", "x-amz-copy-source", source, "x-amz-copy-source", "x")
	})
}

// A copy may ask for a checksum that its source has not.
func TestCopyWithChecksum(t *testing.T) {
	w := newWorld(t, false, nil)
	w.want(t, 200, "", "PUT", "/bucket/k", "data", "x-amz-meta-m", "1", "x-amz-tagging", "a=1")
	for _, target := range []string{"/bucket/x", "/bucket/k"} {
		a := w.want(t, 200, "", "PUT", target, "", "x-amz-copy-source", "bucket/k", "x-amz-checksum-algorithm", "CRC32")
		if !strings.Contains(a.body, "<ChecksumCRC32>rfPzYw==</ChecksumCRC32>") {
			t.Errorf("PUT %s = %s", target, a.body)
		}
		h := w.want(t, 200, "", "HEAD", target, "", "x-amz-checksum-mode", "ENABLED").header
		if h.Get("x-amz-checksum-crc32") != "rfPzYw==" || h.Get("x-amz-meta-m") != "1" || h.Get("x-amz-tagging-count") != "1" {
			t.Errorf("HEAD %s = %v", target, h)
		}
	}
	w.want(t, 200, "", "PUT", "/bucket/y", "", "x-amz-copy-source", "bucket/x", "x-amz-checksum-algorithm", "CRC32")
	w.want(t, 400, "InvalidRequest", "PUT", "/bucket/y", "", "x-amz-copy-source", "bucket/x", "x-amz-checksum-algorithm", "MD4")
	w.want(t, 412, "PreconditionFailed", "PUT", "/bucket/y", "", "x-amz-copy-source", "bucket/x", "x-amz-checksum-algorithm", "SHA1",
		"x-amz-copy-source-if-match", `"x"`)
}

func TestDeleteObjects(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		var ids []types.ObjectIdentifier
		for i := range 20 {
			key := fmt.Sprintf("v1/%02d & <x>", i)
			w.put(t, key, []byte("x"))
			ids = append(ids, types.ObjectIdentifier{Key: &key})
		}
		ids[3].ETag, ids[4].ETag = aws.String(`"9dd4e461268c8034f5c8564e155c67a6"`), aws.String("wrong") // MD5 of x
		ids = append(ids, types.ObjectIdentifier{Key: aws.String("none")}, types.ObjectIdentifier{Key: aws.String(strings.Repeat("k", 1025))})
		out, err := w.client.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String("bucket"), Delete: &types.Delete{Objects: ids}})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Deleted) != 20 || len(out.Errors) != 2 || *out.Errors[0].Code != "PreconditionFailed" || *out.Errors[1].Code != "KeyTooLongError" {
			t.Errorf("%d deleted, errors %v", len(out.Deleted), out.Errors)
		}
		if got := w.keys(t); len(got) != 1 || got[0] != *ids[4].Key {
			t.Errorf("left: %q", got)
		}
		out, err = w.client.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{
			Bucket: aws.String("bucket"), Delete: &types.Delete{Objects: ids[4:5], Quiet: aws.Bool(true)},
		})
		if err != nil || len(out.Deleted) != 0 || len(out.Errors) != 1 {
			t.Errorf("quiet: %v, %v", out, err)
		}
		many := strings.Repeat("<Object><Key>k</Key></Object>", 1001)
		w.want(t, 400, "MalformedXML", "POST", "/bucket?delete", "<Delete>"+many+"</Delete>")
		w.want(t, 400, "MalformedXML", "POST", "/bucket?delete", "<Delete></Delete>")
		w.want(t, 404, "NoSuchBucket", "POST", "/nobucket?delete", "<Delete><Object><Key>k</Key></Object></Delete>")
	})
}

func TestAttributes(t *testing.T) {
	w := newWorld(t, false, nil)
	w.want(t, 200, "", "PUT", "/bucket/k", "data", "x-amz-checksum-crc32", "rfPzYw==")
	a := w.want(t, 200, "", "GET", "/bucket/k?attributes", "", "x-amz-object-attributes", "ETag,Checksum,ObjectSize, StorageClass,ObjectParts")
	want := "<ETag>8d777f385d3dfec8815d20f7496026dc</ETag><Checksum><ChecksumCRC32>rfPzYw==</ChecksumCRC32><ChecksumType>FULL_OBJECT</ChecksumType></Checksum>" +
		"<StorageClass>STANDARD</StorageClass><ObjectSize>4</ObjectSize>"
	if !strings.Contains(a.body, want) {
		t.Errorf("attributes %s, want %s", a.body, want)
	}
	w.want(t, 400, "InvalidRequest", "GET", "/bucket/k?attributes", "")
	w.want(t, 400, "InvalidArgument", "GET", "/bucket/k?attributes", "", "x-amz-object-attributes", "Colour")
	w.want(t, 404, "NoSuchKey", "GET", "/bucket/none?attributes", "", "x-amz-object-attributes", "ETag")
}

func TestVersionID(t *testing.T) {
	w := newWorld(t, false, nil)
	w.want(t, 200, "", "PUT", "/bucket/k", "data")
	for _, target := range []string{"/bucket/k?versionId=x", "/bucket/k?versionId=", "/bucket/k?tagging&versionId=x", "/bucket/k?acl&versionId=x"} {
		w.want(t, 400, "InvalidArgument", "GET", target, "")
	}
	w.want(t, 400, "", "HEAD", "/bucket/k?versionId=x", "")
	w.want(t, 400, "InvalidArgument", "DELETE", "/bucket/k?versionId=x", "")
	w.want(t, 200, "", "GET", "/bucket/k?versionId=null", "")
	w.want(t, 204, "", "DELETE", "/bucket/k?versionId=null", "")
	w.want(t, 404, "NoSuchKey", "GET", "/bucket/k", "")
}

func TestPresigned(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		p := s3.NewPresignClient(w.client)
		put, err := p.PresignPutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String("bucket"), Key: aws.String("v1/a b"), Metadata: map[string]string{"m": "1"}, ContentType: aws.String("a/b"),
		})
		if err != nil {
			t.Fatal(err)
		}
		plain := func(method, url string, header http.Header, body io.Reader) answer {
			r, err := http.NewRequestWithContext(t.Context(), method, url, body)
			if err != nil {
				t.Fatal(err)
			}
			for name, values := range header {
				if name != "Host" {
					r.Header[name] = values
				}
			}
			return w.send(t, r)
		}
		if a := plain("PUT", put.URL, put.SignedHeader, strings.NewReader("data")); a.status != 200 {
			t.Fatalf("PUT %s = %d\n%s", put.URL, a.status, a.body)
		}
		get, err := p.PresignGetObject(t.Context(), &s3.GetObjectInput{
			Bucket: aws.String("bucket"), Key: aws.String("v1/a b"), ResponseContentDisposition: aws.String("attachment"),
		})
		if err != nil {
			t.Fatal(err)
		}
		a := plain("GET", get.URL, get.SignedHeader, nil)
		if a.status != 200 || a.body != "data" || a.header.Get("x-amz-meta-m") != "1" || a.header.Get("Content-Disposition") != "attachment" {
			t.Errorf("GET %s = %v", get.URL, a)
		}
		if a := plain("GET", get.URL+"&x-amz-meta-a=b", get.SignedHeader, nil); a.status != 403 {
			t.Errorf("a URL with more = %d, want 403", a.status)
		}
	})
}
