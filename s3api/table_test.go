package s3api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"aetherfs/backend"
	"aetherfs/internal/auth"
)

// ask finds the operation of a request.
func ask(t *testing.T, method, target string, header ...string) (*operation, error) {
	t.Helper()
	r := httptest.NewRequest(method, "http://s3.example/", nil)
	u, err := url.Parse("http://s3.example" + target)
	if err != nil {
		t.Fatal(err)
	}
	r.URL = u
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	s := New(Options{}).(*server)
	q := s.open(httptest.NewRecorder(), r)
	if err := q.locate(); err != nil {
		return nil, err
	}
	return find(q)
}

func TestFind(t *testing.T) {
	for _, c := range []struct{ method, target, want string }{
		{"GET", "/", "ListBuckets"},
		{"GET", "/?x-id=ListBuckets", "ListBuckets"},
		{"PUT", "/b", "CreateBucket"},
		{"PUT", "/b/", "CreateBucket"},
		{"GET", "/b?list-type=2&prefix=a&encoding-type=url", "ListObjectsV2"},
		{"GET", "/b?delimiter=/&marker=x", "ListObjects"},
		{"GET", "/b?versions&max-keys=1", "ListObjectVersions"},
		{"POST", "/b?delete=", "DeleteObjects"},
		{"GET", "/b/k?partNumber=1&versionId=null&response-content-type=a/b", "GetObject"},
		{"PUT", "/b/k?x-id=PutObject", "PutObject"},
		{"PUT", "/b/k?X-Amz-Signature=aa&X-Amz-Date=b&x-amz-meta-a=1", "PutObject"},
		{"PUT", "/b/k?X-Amz-Signature=aa&x-amz-copy-source=b/c", "CopyObject"},
		{"PUT", "/b/k?partNumber=1&uploadId=x", "UploadPart"},
		{"POST", "/b/k?uploads", "CreateMultipartUpload"},
		{"POST", "/b/k?uploadId=x", "CompleteMultipartUpload"},
		{"GET", "/b/k/?tagging", "GetObjectTagging"},
		{"GET", "/b//?acl", "GetObjectAcl"},
	} {
		if op, err := ask(t, c.method, c.target); err != nil || op.name != c.want {
			t.Errorf("%s %s = %v, %v, want %s", c.method, c.target, op, err, c.want)
		}
	}
	if op, err := ask(t, "PUT", "/b/k?partNumber=1&uploadId=x", "x-amz-copy-source", "b/c"); err != nil || op.name != "UploadPartCopy" {
		t.Errorf("part with a copy source = %v, %v, want UploadPartCopy", op, err)
	}
	if op, err := ask(t, "PUT", "/b/k", "x-amz-copy-source", "b/c"); err != nil || op.name != "CopyObject" {
		t.Errorf("object with a copy source = %v, %v, want CopyObject", op, err)
	}
}

// gofakes3 would have overwritten an object, deleted a bucket or sent a whole
// object for most of these.
func TestUnknownSubresource(t *testing.T) {
	names := words("acl accelerate analytics attributes cors delete encryption intelligent-tiering inventory legal-hold lifecycle " +
		"location logging metadataTable metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock " +
		"replication requestPayment restore retention select session tagging torrent uploads versioning versions website " +
		"renameObject nonsense list-type uploadId partNumber")
	known := map[string]bool{}
	for _, op := range table {
		for _, name := range op.query {
			known[op.method+" "+strings.Repeat("/x", int(op.level))+" "+name] = true
		}
		for _, name := range op.optional {
			known[op.method+" "+strings.Repeat("/x", int(op.level))+" "+name] = true
		}
	}
	for _, method := range words("GET HEAD PUT POST DELETE") {
		for _, path := range []string{"", "/x", "/x/x"} {
			for _, name := range names {
				if known[method+" "+path+" "+name] {
					continue
				}
				op, err := ask(t, method, "/"+strings.TrimPrefix(path, "/")+"?"+name)
				var e *Error
				if !errors.As(err, &e) || e.Status() != http.StatusNotImplemented {
					t.Errorf("%s %s?%s = %v, %v, want NotImplemented", method, path, name, op, err)
				}
			}
		}
	}
}

func TestOddRequests(t *testing.T) {
	for _, c := range []struct{ method, target, code string }{
		{"PATCH", "/b/k", "MethodNotAllowed"},
		{"OPTIONS", "/b/k", "MethodNotAllowed"},
		{"POST", "/", "NotImplemented"},
		{"PUT", "/b/k?tagging&tagging", "InvalidArgument"},
		{"PUT", "/b/k?acl&tagging", "NotImplemented"},
		{"GET", "//k", "InvalidBucketName"},
		{"GET", "/a%2Fb/k", "InvalidBucketName"},
		{"GET", "/b/k?%zz", "InvalidURI"},
	} {
		_, err := ask(t, c.method, c.target)
		var e *Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s %s = %v, want %s", c.method, c.target, err, c.code)
		}
	}
}

// An empty uploadId is none to gofakes3: the part would become the object.
func TestEmptyUploadID(t *testing.T) {
	for _, c := range []struct{ method, target string }{
		{"PUT", "/b/k?uploadId=&partNumber=1"}, {"DELETE", "/b/k?uploadId="}, {"POST", "/b/k?uploadId"}, {"GET", "/b/k?uploadId="},
	} {
		if _, err := ask(t, c.method, c.target); !errors.Is(err, backend.ErrNoUpload) {
			t.Errorf("%s %s = %v, want %v", c.method, c.target, err, backend.ErrNoUpload)
		}
	}
}

// Each row is found by its own request, and by that of no other.
func TestRowsAreDistinct(t *testing.T) {
	for _, row := range Rows() {
		var header []string
		for name := range row.Header {
			header = append(header, name, row.Header.Get(name))
		}
		op, err := ask(t, row.Method, row.Path+"?"+row.Query.Encode(), header...)
		if err != nil || op.name != row.Name {
			t.Errorf("%s = %v, %v", row.Name, op, err)
		}
	}
}

func TestHandlerOfAnUnverifiedRequestIsNotRun(t *testing.T) {
	s := New(Options{Verifier: &auth.Verifier{Keys: auth.Static{}, Now: func() time.Time { return time.Unix(0, 0) }}})
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("DELETE", "http://s3.example/bucket", nil))
	if w.Code != http.StatusForbidden {
		t.Errorf("status %d, want 403", w.Code)
	}
}
