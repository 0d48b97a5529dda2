package s3api

import (
	"encoding/xml"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"aetherfs/backend"
)

// code is the S3 code of err; "" for none.
func code(err error) string {
	if err == nil {
		return ""
	}
	return translate(err).Code
}

func TestParseRange(t *testing.T) {
	const size = 100
	whole := span{0, size, false}
	for _, c := range []struct {
		header string
		want   span
		code   string
	}{
		{"", whole, ""},
		{"bytes=0-0", span{0, 1, true}, ""},
		{"bytes=10-19", span{10, 10, true}, ""},
		{"bytes=90-", span{90, 10, true}, ""},
		{"bytes=0-99", span{0, 100, true}, ""},
		{"bytes=90-9223372036854775807", span{90, 10, true}, ""},
		{"bytes=90-99999999999999999999999", span{90, 10, true}, ""},
		{"bytes=-1", span{99, 1, true}, ""},
		{"bytes=-100", span{0, 100, true}, ""},
		{"bytes=-1000", span{0, 100, true}, ""},
		{"bytes=-99999999999999999999999", span{0, 100, true}, ""},
		{"bytes=-0", whole, "InvalidRange"},
		{"bytes=100-", whole, "InvalidRange"},
		{"bytes=100-200", whole, "InvalidRange"},
		{"bytes=99999999999999999999999-", whole, "InvalidRange"},
		{"bytes=20-10", whole, ""},
		{"bytes=0-1,5-6", whole, ""},
		{"bytes=-", whole, ""},
		{"bytes=a-b", whole, ""},
		{"bytes=+1-2", whole, ""},
		{"bytes=1", whole, ""},
		{"octets=0-1", whole, ""},
		{"0-1", whole, ""},
	} {
		got, err := parseRange(c.header, size)
		if got != c.want || code(err) != c.code {
			t.Errorf("parseRange(%q) = %v, %v, want %v %s", c.header, got, err, c.want, c.code)
		}
	}
	if _, err := parseRange("bytes=-5", 0); code(err) != "InvalidRange" {
		t.Errorf("the last bytes of an empty file: %v, want InvalidRange", err)
	}
}

func FuzzParseRange(f *testing.F) {
	f.Add("bytes=0-1", int64(10))
	f.Add("bytes=-5", int64(0))
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		s, err := parseRange(header, size)
		if err == nil && (s.off < 0 || s.n < 0 || s.off > size || s.n > size-s.off || s.part && s.n == 0) {
			t.Errorf("parseRange(%q, %d) = %v", header, size, s)
		}
	})
}

func TestCopyRange(t *testing.T) {
	for _, c := range []struct {
		header string
		off, n int64
		code   string
	}{
		{"", 0, -1, ""},
		{"bytes=0-0", 0, 1, ""},
		{"bytes=5-14", 5, 10, ""},
		{"bytes=5-", 0, 0, "InvalidArgument"},
		{"bytes=-5", 0, 0, "InvalidArgument"},
		{"bytes=5-4", 0, 0, "InvalidArgument"},
		{"0-5", 0, 0, "InvalidArgument"},
		{"bytes=0-1,3-4", 0, 0, "InvalidArgument"},
		{"bytes=0-9223372036854775807", 0, 0, "InvalidArgument"},
	} {
		off, n, err := copyRange(http.Header{"X-Amz-Copy-Source-Range": {c.header}})
		if off != c.off || n != c.n || code(err) != c.code {
			t.Errorf("copyRange(%q) = %d, %d, %v, want %d, %d %s", c.header, off, n, err, c.off, c.n, c.code)
		}
	}
}

func TestCopySource(t *testing.T) {
	for _, c := range []struct{ header, key, code string }{
		{"b/v1/k", "v1/k", ""},
		{"/b/v1/k", "v1/k", ""},
		{"b//k", "/k", ""},
		{"b/a+b%2Bc%20d%25", "a+b+c d%", ""},
		{"b%2Fk", "k", ""},
		{"b/k%3Fx", "k?x", ""},
		{"b/k?versionId=null", "k", ""},
		{"b/k?versionId=3", "", "InvalidArgument"},
		{"b/k?x", "", "InvalidArgument"},
		{"b", "", "InvalidArgument"},
		{"b/", "", "InvalidArgument"},
		{"/", "", "InvalidArgument"},
		{"b/%zz", "", "InvalidArgument"},
		{"b/%ff", "", "InvalidURI"},
		{"arn:aws:s3:::b/k", "", "InvalidArgument"},
	} {
		p, err := copySource(c.header)
		if code(err) != c.code || err == nil && (p.Key() != c.key || p.Dataset != "b") {
			t.Errorf("copySource(%q) = %v, %v, want %q %s", c.header, p, err, c.key, c.code)
		}
	}
}

func TestSplit(t *testing.T) {
	domains := []string{"s3.example.com", "localhost"}
	for _, c := range []struct{ host, path, bucket, key string }{
		{"127.0.0.1:8080", "/b/v1/k", "b", "v1/k"},
		{"127.0.0.1", "/b", "b", ""},
		{"127.0.0.1", "/b/", "b", ""},
		{"127.0.0.1", "/b//k", "b", "/k"},
		{"127.0.0.1", "/b/../k/./", "b", "../k/./"},
		{"127.0.0.1", "/b/a%2Fb%20%2B+", "b", "a/b ++"},
		{"b.s3.example.com", "/v1/k", "b", "v1/k"},
		{"b.s3.example.com:9000", "/", "b", ""},
		{"B.S3.Example.Com", "//k", "b", "/k"},
		{"my.b.localhost:80", "/k", "my.b", "k"},
		{"s3.example.com", "/b/k", "b", "k"},
		{"xs3.example.com", "/b/k", "b", "k"},
		{"[::1]:8080", "/b/k", "b", "k"},
	} {
		bucket, key, err := split(hostBucket(c.host, domains), c.path)
		if bucket != c.bucket || key != c.key || err != nil {
			t.Errorf("split(%s%s) = %q, %q, %v, want %q, %q", c.host, c.path, bucket, key, err, c.bucket, c.key)
		}
	}
}

func TestWriteCond(t *testing.T) {
	h := http.Header{"If-Match": {`"a", b`}, "If-None-Match": {`W/"c"`, "*"}}
	c, err := writeCond(h)
	want := backend.Cond{IfMatch: []string{"a", "b"}, IfNoneMatch: []string{"c", "*"}}
	if err != nil || !reflect.DeepEqual(c, want) {
		t.Errorf("writeCond = %v, %v, want %v", c, err, want)
	}
	for _, h := range []http.Header{
		{"If-Match": {""}},
		{"If-Match": {`""`}},
		{"If-None-Match": {strings.Repeat("a,", maxHeaderETags) + "a"}},
		{"If-Unmodified-Since": {"Sun, 22 Nov 2026 15:00:00 GMT"}},
	} {
		if c, err := writeCond(h); err == nil {
			t.Errorf("writeCond(%v) = %v, want an error", h, c)
		}
	}
}

func TestReadTags(t *testing.T) {
	for _, c := range []struct {
		header string
		want   []backend.KV
		code   string
	}{
		{"", nil, ""},
		{"b=2&a=1", []backend.KV{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}}, ""},
		{"a+b=%2B", []backend.KV{{Name: "a b", Value: "+"}}, ""},
		{"a", []backend.KV{{Name: "a"}}, ""},
		{"a=1&a=2", nil, "InvalidTag"},
		{"=1", nil, "InvalidTag"},
		{strings.Repeat("x", 129) + "=1", nil, "InvalidTag"},
		{"a=" + strings.Repeat("x", 257), nil, "InvalidTag"},
		{"%ff=1", nil, "InvalidTag"},
		{"a=%ff", nil, "InvalidTag"},
		{"a=%zz", nil, "InvalidArgument"},
		{"a=&b=&c=&d=&e=&f=&g=&h=&i=&j=&k=", nil, "BadRequest"},
	} {
		got, err := readTags(c.header)
		if code(err) != c.code || err == nil && !reflect.DeepEqual(got, c.want) {
			t.Errorf("readTags(%q) = %v, %v, want %v %s", c.header, got, err, c.want, c.code)
		}
	}
	if units("é€😀") != 4 {
		t.Errorf("units = %d, want 4", units("é€😀"))
	}
}

func TestReadMeta(t *testing.T) {
	h := http.Header{"X-Amz-Meta-Foo": {"1", "2"}, "X-Amz-Meta-Bar": {"é"}, "X-Amz-Security-Token": {"secret"}}
	got, err := readMeta(h)
	want := []backend.KV{{Name: "bar", Value: "é"}, {Name: "foo", Value: "1,2"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("readMeta = %v, %v, want %v", got, err, want)
	}
	h = http.Header{"X-Amz-Meta-A": {strings.Repeat("x", maxMetaBytes-1)}}
	if _, err := readMeta(h); err != nil {
		t.Errorf("%d bytes of metadata: %v", maxMetaBytes, err)
	}
	h["X-Amz-Meta-A"][0] += "x"
	if _, err := readMeta(h); code(err) != "MetadataTooLarge" {
		t.Errorf("%d bytes of metadata: %v, want MetadataTooLarge", maxMetaBytes+1, err)
	}
}

func TestRefuseHeaders(t *testing.T) {
	for _, c := range []struct{ name, value, code string }{
		{"x-amz-server-side-encryption", "AES256", "NotImplemented"},
		{"x-amz-server-side-encryption-customer-algorithm", "AES256", "NotImplemented"},
		{"x-amz-copy-source-server-side-encryption-customer-key", "x", "NotImplemented"},
		{"x-amz-object-lock-mode", "GOVERNANCE", "NotImplemented"},
		{"x-amz-bucket-object-lock-enabled", "true", "NotImplemented"},
		{"x-amz-bucket-object-lock-enabled", "False", ""},
		{"x-amz-write-offset-bytes", "0", "NotImplemented"},
		{"x-amz-grant-read", "id=x", "AccessControlListNotSupported"},
		{"x-amz-website-redirect-location", "/", "NotImplemented"},
		{"x-amz-storage-class", "GLACIER", "InvalidStorageClass"},
		{"x-amz-storage-class", "STANDARD", ""},
		{"x-amz-expected-bucket-owner", "111122223333", "AccessDenied"},
		{"x-amz-if-match-size", "1", "NotImplemented"},
		{"x-amz-request-payer", "requester", ""},
		{"x-amz-mfa", "1 2", ""},
		{"x-amz-bypass-governance-retention", "true", ""},
		{"x-minio-force-delete", "true", ""},
		{"x-amz-meta-object-lock-mode", "x", ""},
	} {
		h := http.Header{}
		h.Set(c.name, c.value)
		if err := refuseHeaders(h); code(err) != c.code {
			t.Errorf("%s: %s = %v, want %s", c.name, c.value, err, c.code)
		}
	}
}

func TestToken(t *testing.T) {
	open := func(token string) (string, error) {
		q := &request{query: url.Values{"continuation-token": {token}}}
		return q.token()
	}
	for _, last := range []string{"", "a", "v1/ü\x01", strings.Repeat("x", 1024)} {
		if got, err := open(seal(last)); got != last || err != nil {
			t.Errorf("open(seal(%q)) = %q, %v", last, got, err)
		}
	}
	for _, bad := range []string{"", "v1/key", "AAAAAAAA", seal("a") + "x", "%", "AAA"} {
		if got, err := open(bad); code(err) != "InvalidArgument" {
			t.Errorf("open(%q) = %q, %v, want InvalidArgument", bad, got, err)
		}
	}
}

func FuzzPercent(f *testing.F) {
	f.Add("a b+c%/\x00é")
	f.Fuzz(func(t *testing.T, s string) {
		for name, decode := range map[string]func(string) (string, error){"form": url.QueryUnescape, "path": url.PathUnescape} {
			if got, err := decode(percent(s)); got != s || err != nil {
				t.Errorf("%s decoding of %q = %q, %v, want %q", name, percent(s), got, err, s)
			}
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add("a<b>&\"'\r\n\t é")
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		d := &doc{}
		d.elem("a", s)
		var got string
		err := xml.Unmarshal(d.bytes(), &got)
		if err == nil && got != s {
			t.Errorf("text(%q) reads as %q", s, got)
		}
		if err != nil && !strings.ContainsFunc(s, unspeakable) {
			t.Errorf("text(%q): %v", s, err)
		}
	})
}

// unspeakable reports whether XML 1.0 cannot hold r.
func unspeakable(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}

func TestParseXML(t *testing.T) {
	type target struct{ A []string }
	for _, c := range []struct{ doc, code string }{
		{`<T><A>1</A><A>2</A></T>`, ""},
		{`<?xml version="1.0"?><T xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><A>1</A></T>` + "\n", ""},
		{`<!-- x --><T><B><C/></B></T>`, ""},
		{`<U/>`, "MalformedXML"},
		{`<T>`, "MalformedXML"},
		{`<T/><T/>`, "MalformedXML"},
		{`<T/>x<`, "MalformedXML"},
		{``, "MalformedXML"},
		{`<!DOCTYPE T [<!ENTITY a "b">]><T>&a;</T>`, "MalformedXML"},
		{`<T>&a;</T>`, "MalformedXML"},
		{strings.Repeat("<T>", 100_000), "MalformedXML"},
		{`<T>` + strings.Repeat("<a>", maxXMLDepth) + strings.Repeat("</a>", maxXMLDepth) + `</T>`, "MalformedXML"},
	} {
		var v target
		if err := parseXML(strings.NewReader(c.doc), "T", &v); code(err) != c.code {
			t.Errorf("parseXML(%.80q) = %v, want %s", c.doc, err, c.code)
		}
	}
}

func FuzzParseXML(f *testing.F) {
	f.Add(`<Delete><Object><Key>a</Key></Object><Quiet>true</Quiet></Delete>`)
	f.Fuzz(func(t *testing.T, doc string) {
		var v struct {
			Quiet  bool
			Object []struct{ Key string }
		}
		if err := parseXML(strings.NewReader(doc), "Delete", &v); err != nil && code(err) != "MalformedXML" {
			t.Errorf("parseXML(%q) = %v", doc, err)
		}
	})
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		value string
		want  int
		code  string
	}{
		{"", 1000, ""}, {"0", 0, ""}, {"7", 7, ""}, {"100000", 1000, ""},
		{"-1", 0, "InvalidArgument"}, {"x", 0, "InvalidArgument"}, {"99999999999999999999", 0, "InvalidArgument"},
	} {
		q := &request{query: url.Values{"max-keys": {c.value}}}
		if got, err := q.number("max-keys", maxListKeys, 0, maxListKeys); got != c.want || code(err) != c.code {
			t.Errorf("max-keys=%q = %d, %v, want %d %s", c.value, got, err, c.want, c.code)
		}
	}
}

// A handler that fails after its headers went out breaks the connection.
func TestFailureInMidBodyAborts(t *testing.T) {
	for _, fault := range []func(q *request) error{
		func(q *request) error { return errors.New("broken") },
		func(q *request) error { panic("our own fault") },
	} {
		s := New(Options{}).(*server)
		w := httptest.NewRecorder()
		q := s.open(w, httptest.NewRequest("GET", "http://s3.example/b/k", nil))
		aborted := func() (v any) {
			defer func() { v = recover() }()
			defer q.close()
			if _, err := q.w.Write([]byte("half")); err != nil {
				t.Error(err)
			}
			if err := fault(q); err != nil {
				q.fail(err)
			}
			return nil
		}()
		if aborted != http.ErrAbortHandler {
			t.Errorf("recovered %v, want http.ErrAbortHandler", aborted)
		}
		if w.Body.String() != "half" {
			t.Errorf("sent %q, want nothing after the half", w.Body)
		}
	}
}
