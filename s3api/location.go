package s3api

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// locate finds the bucket and key that the request is about, and the headers
// that a presigned URL carries in its query.
func (q *request) locate() error {
	var err error
	if q.query, err = url.ParseQuery(q.r.URL.RawQuery); err != nil {
		return fail("InvalidURI", "The query cannot be parsed.")
	}
	for name, values := range q.query {
		if len(values) > 1 {
			return fail("InvalidArgument", "The query names %q more than once.", name)
		}
	}
	q.header = hoist(q.r.Header, q.query)
	q.hostBucket = hostBucket(q.r.Host, q.Domains)
	q.bucket, q.key, err = split(q.hostBucket, q.r.URL.EscapedPath())
	return err
}

// split takes bucket and key from an escaped path, unless the host has named
// the bucket. Nothing is cleaned: `//`, `.` and `..` are parts of a key like
// any other.
func split(hostBucket, path string) (bucket, key string, err error) {
	path = strings.TrimPrefix(path, "/")
	if bucket = hostBucket; bucket == "" {
		if bucket, path, _ = strings.Cut(path, "/"); bucket == "" && path != "" {
			return "", "", fail("InvalidBucketName", "The path names no bucket.")
		}
		if bucket, err = url.PathUnescape(bucket); err != nil || strings.Contains(bucket, "/") {
			return "", "", fail("InvalidBucketName", "The specified bucket name is not valid.")
		}
	}
	if key, err = url.PathUnescape(path); err != nil {
		return "", "", fail("InvalidURI", "The path cannot be parsed.")
	}
	return bucket, key, nil
}

// hostBucket returns what stands before one of domains in host, or "".
func hostBucket(host string, domains []string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, d := range domains {
		if bucket, ok := strings.CutSuffix(host, "."+strings.ToLower(d)); ok {
			return bucket
		}
	}
	return ""
}

// hoist returns the headers of a request together with those that the query
// of a presigned URL carries instead, and takes them out of the query. Which of
// them count is said by auth when the signature was verified; until then they
// only choose the operation.
func hoist(header http.Header, query url.Values) http.Header {
	v4, v2 := query.Has("X-Amz-Signature"), query.Has("Signature")
	if !v4 && !v2 {
		return header
	}
	all := header.Clone()
	for name, values := range query {
		lower := strings.ToLower(name)
		if presign[name] || !strings.HasPrefix(lower, "x-amz-") && !(v2 && (lower == "content-type" || lower == "content-md5")) {
			continue
		}
		delete(query, name)
		all[http.CanonicalHeaderKey(name)] = values
	}
	return all
}
