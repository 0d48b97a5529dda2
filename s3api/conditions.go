package s3api

import (
	"net/http"
	"strings"
	"time"

	"aetherfs/backend"
)

// readCond reads the conditions on reading a file; prefix is "" or that of
// the conditions on the source of a copy. A date that cannot be parsed is
// ignored, as RFC 9110 says.
func readCond(h http.Header, prefix string) (c backend.ReadCond, err error) {
	if c.IfMatch, err = etags(h, prefix+"If-Match"); err != nil {
		return c, err
	}
	if c.IfNoneMatch, err = etags(h, prefix+"If-None-Match"); err != nil {
		return c, err
	}
	c.IfModifiedSince = date(h, prefix+"If-Modified-Since")
	c.IfUnmodifiedSince = date(h, prefix+"If-Unmodified-Since")
	return c, nil
}

// writeCond reads the conditions on what a write replaces. S3 has none on
// dates.
func writeCond(h http.Header) (c backend.Cond, err error) {
	if h.Get("If-Unmodified-Since") != "" {
		return c, notImplemented("If-Unmodified-Since on a write")
	}
	if c.IfMatch, err = etags(h, "If-Match"); err != nil {
		return c, err
	}
	c.IfNoneMatch, err = etags(h, "If-None-Match")
	return c, err
}

// etags reads a list of ETags. A weak one never equals ours for If-Match,
// which compares strongly, and is like the strong one for If-None-Match.
func etags(h http.Header, name string) ([]string, error) {
	var list []string
	for _, line := range h.Values(name) {
		for s := range strings.SplitSeq(line, ",") {
			s = strings.TrimSpace(s)
			if strings.HasPrefix(s, "W/") && strings.HasSuffix(name, "If-None-Match") {
				s = s[2:]
			}
			if s = unquoted(s); s == "" {
				return nil, fail("InvalidArgument", "%s holds an empty ETag.", name)
			}
			list = append(list, s)
		}
	}
	if len(list) > maxHeaderETags {
		return nil, fail("InvalidArgument", "%s holds more than %d ETags.", name, maxHeaderETags)
	}
	return list, nil
}

func date(h http.Header, name string) time.Time {
	value := h.Get(name)
	if value == "" {
		return time.Time{}
	}
	t, err := http.ParseTime(value)
	if err != nil {
		return time.Time{}
	}
	return t
}
