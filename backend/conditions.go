package backend

import (
	"slices"
	"time"
)

// Check decides c for a file by the order of RFC 9110, section 13.2.2:
// ErrPrecondition, ErrNotModified or nil.
func (c ReadCond) Check(etag string, modified time.Time) error {
	modified = modified.Truncate(time.Second) // all that a header can say
	switch {
	case len(c.IfMatch) > 0:
		if !matches(c.IfMatch, etag) {
			return ErrPrecondition
		}
	case !c.IfUnmodifiedSince.IsZero() && modified.After(c.IfUnmodifiedSince):
		return ErrPrecondition
	}
	switch {
	case len(c.IfNoneMatch) > 0:
		if matches(c.IfNoneMatch, etag) {
			return ErrNotModified
		}
	case !c.IfModifiedSince.IsZero() && !modified.After(c.IfModifiedSince):
		return ErrNotModified
	}
	return nil
}

func matches(etags []string, etag string) bool {
	return slices.Contains(etags, "*") || slices.Contains(etags, etag)
}
