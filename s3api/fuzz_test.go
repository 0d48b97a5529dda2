package s3api

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"aetherfs/backend"
)

func FuzzCopySource(f *testing.F) {
	f.Add("/bucket/v1/a%20b+c?versionId=null")
	f.Fuzz(func(t *testing.T, header string) {
		p, err := copySource(header)
		if err != nil {
			return
		}
		again, err := copySource("/" + p.Dataset + "/" + percent(p.Key()))
		if err != nil || again.Key() != p.Key() {
			t.Errorf("copySource(%q) = %q, and again %q, %v", header, p.Key(), again.Key(), err)
		}
	})
}

func FuzzToken(f *testing.F) {
	f.Add(seal("v1/a"))
	f.Fuzz(func(t *testing.T, token string) {
		q := &request{query: url.Values{"continuation-token": {token}}}
		if last, err := q.token(); err == nil && seal(last) != token {
			t.Errorf("token %q opens as %q, which is sealed %q", token, last, seal(last))
		}
	})
}

func FuzzReadTags(f *testing.F) {
	f.Add("a=1&b=%2B")
	f.Fuzz(func(t *testing.T, header string) {
		tags, err := readTags(header)
		if err != nil {
			return
		}
		if len(tags) > maxTags || !slices.IsSortedFunc(tags, func(a, b backend.KV) int {
			if a.Name < b.Name {
				return -1
			}
			return 1
		}) {
			t.Errorf("readTags(%q) = %q", header, tags)
		}
	})
}

func FuzzETags(f *testing.F) {
	f.Add(`"a", W/"b", *`)
	f.Fuzz(func(t *testing.T, header string) {
		list, err := etags(http.Header{"If-Match": {header}}, "If-Match")
		if err == nil && (len(list) > maxHeaderETags || slices.Contains(list, "")) {
			t.Errorf("etags(%q) = %q", header, list)
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add("b.localhost:80", "/v1/a%20b")
	f.Fuzz(func(t *testing.T, host, path string) {
		bucket, key, err := split(hostBucket(host, []string{"localhost"}), path)
		if err == nil && bucket == "" && key != "" {
			t.Errorf("split(%q, %q) = %q, %q", host, path, bucket, key)
		}
	})
}
