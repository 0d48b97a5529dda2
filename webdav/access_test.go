package webdav_test

import (
	"slices"
	"strings"
	"testing"
)

var methods = []string{"OPTIONS", "GET", "HEAD", "PUT", "DELETE", "MKCOL", "COPY", "MOVE", "PROPFIND", "PROPPATCH", "LOCK", "UNLOCK", "POST", "PATCH", "TRACE", "REPORT"}

func TestNothingIsAnsweredWithoutCredentials(t *testing.T) {
	w := newWorld(t)
	w.put(t, "d/secret", "hidden words")
	w.put(t, "d/other", "x")
	for _, authorization := range []string{
		"", "Basic", "Basic !", "Basic c29tZW9uZQ==", // someone, without a password
		"Basic c29tZW9uZTp3cm9uZw==", "Basic bm9ib2R5OjAxMjM0NTY3ODlhYmNkZWY=", // a wrong secret, a wrong key
		"Basic Og==", "Bearer x", "AWS4-HMAC-SHA256 Credential=someone/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00",
	} {
		for _, method := range methods {
			for _, path := range []string{"/", "/webdav", "/webdav/", "data-set", "data-set/d/secret", "data-set/d/", "data-set/none", "data-set/%2e%2e"} {
				a := w.do(t, method, path, "", "Authorization", authorization, "Depth", "1", "Destination", "/webdav/data-set/z")
				if a.status != 401 || !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Basic ") {
					t.Errorf("%s %s with %q = %d, %v", method, path, authorization, a.status, a.header)
				}
				if strings.Contains(a.body, "secret") && !strings.Contains(a.body, "its secret are needed") || a.header.Get("DAV") != "" {
					t.Errorf("%s %s with %q tells %q, %v", method, path, authorization, a.body, a.header)
				}
			}
		}
	}
	w.wantKeys(t, "d/other", "d/secret")
}

func TestOptions(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/", "/webdav", "/webdav/", "data-set", "data-set/none"} {
		a := w.want(t, 200, "OPTIONS", path, "")
		if a.header.Get("DAV") != "1, 2" || a.header.Get("MS-Author-Via") != "DAV" {
			t.Errorf("OPTIONS %s tells %v", path, a.header)
		}
		for _, method := range methods[:12] {
			if !slices.Contains(strings.Split(a.header.Get("Allow"), ", "), method) {
				t.Errorf("OPTIONS %s does not allow %s", path, method)
			}
		}
	}
	for _, method := range methods[12:] {
		if a := w.want(t, 405, method, "data-set", ""); a.header.Get("Allow") == "" {
			t.Errorf("%s is not told what is allowed", method)
		}
	}
}
