package files

import (
	"net/http"
	"strings"
	"time"

	"aetherfs/backend"
)

// version is what conditions are about: an ETag with its quotes, the time that
// Last-Modified tells, and when the file was stored, in whole seconds.
type version struct {
	etag         string
	last, stored time.Time
}

// check decides the conditions of a request in the order of RFC 9110, section
// 13.2.2: ErrPrecondition, ErrNotModified or nil.
func (v version) check(h http.Header) error {
	if list := h.Values("If-Match"); h.Get("If-Match") != "" {
		if !v.isAmong(list, false) {
			return backend.ErrPrecondition
		}
	} else if t, ok := date(h, "If-Unmodified-Since"); ok && !v.unchangedSince(t) {
		return backend.ErrPrecondition
	}
	if list := h.Values("If-None-Match"); h.Get("If-None-Match") != "" {
		if v.isAmong(list, true) {
			return backend.ErrNotModified
		}
	} else if t, ok := date(h, "If-Modified-Since"); ok && v.unchangedSince(t) {
		return backend.ErrNotModified
	}
	return nil
}

// mayRange reports whether a Range holds: without If-Range, or if that is the
// ETag of this version. A date is none that RFC 9110 calls strong: clients tell
// it, and may tell the same of two versions, which would become a mixture.
func (v version) mayRange(h http.Header) bool {
	named := strings.TrimSpace(h.Get("If-Range"))
	return named == "" || named == v.etag
}

// isAmong reports whether a list of ETags holds that of v. Weakly compared, one
// that is marked as weak may be it.
func (v version) isAmong(lists []string, weakly bool) bool {
	for _, list := range lists {
		for etag := range strings.SplitSeq(list, ",") {
			etag = strings.TrimSpace(etag)
			if weakly {
				etag = strings.TrimPrefix(etag, "W/")
			}
			if etag == v.etag || etag == "*" {
				return true
			}
		}
	}
	return false
}

// unchangedSince reports whether whoever has the version of a time has this one.
// The time that a client gave its file may lie before that of the version
// which it replaced: when it was stored counts too, unless the time is exactly
// the one that was told.
func (v version) unchangedSince(t time.Time) bool {
	return t.Equal(v.last) || !v.last.After(t) && !v.stored.After(t)
}

// date reads a header. A date that cannot be parsed is as none, as RFC 9110
// says.
func date(h http.Header, name string) (time.Time, bool) {
	t, err := http.ParseTime(h.Get(name))
	return t, err == nil
}
