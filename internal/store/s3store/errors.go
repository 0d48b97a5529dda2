package s3store

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"aetherfs/internal/store"
)

// full are the codes of stores without room.
var full = []string{"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"}

// passing are the codes of refusals that may be over soon, though their status
// is that of a wrong request.
var passing = []string{"RequestTimeout", "ExpiredToken", "ExpiredTokenException", "SlowDown", "Throttling", "ThrottlingException"}

// explain says in the words of store.Store how a request failed; err is what
// minio-go says. c is the condition of a Put.
//
//	412 to If-None-Match    ErrExists
//	404 NoSuchKey           ErrNotFound
//	416                     ErrRange
//	507, a quota            ErrNoSpace
//	3xx, 4xx, 501           ErrDenied, with what to do
//	the rest                unknown: 409 too, which a Put in a race may get
func (s *Store) explain(x *exchange, c store.Cond, err error) error {
	switch r := x.refusal; {
	case errors.Is(err, errNoKeys):
		return fmt.Errorf("%w: %w", store.ErrDenied, err)
	case r == nil && x.over() != nil:
		return x.over()
	case r == nil:
		return x.own(err)
	case x.status == http.StatusPreconditionFailed && c.IfAbsent:
		return store.ErrExists
	case x.status == http.StatusNotFound && r.Code == "NoSuchKey":
		return store.ErrNotFound
	case x.status == http.StatusRequestedRangeNotSatisfiable:
		return store.ErrRange
	case x.status == http.StatusInsufficientStorage || slices.Contains(full, r.Code):
		return fmt.Errorf("%w: answered %d %s", store.ErrNoSpace, x.status, r.Code)
	case denied(x.status) && !slices.Contains(passing, r.Code):
		return fmt.Errorf("%w: answered %d %s", store.ErrDenied, x.status, s.advice(x.status, r))
	default:
		return fmt.Errorf("answered %d %s: %s", x.status, r.Code, r.Message)
	}
}

// denied reports whether an answer is about the request, and no other is to be
// had by asking again.
func denied(status int) bool {
	switch status {
	case http.StatusConflict, http.StatusPreconditionFailed, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	case http.StatusNotImplemented:
		return true
	}
	return status/100 == 3 || status/100 == 4
}

// advice says what to do about a refusal.
func (s *Store) advice(status int, r *refusal) string {
	switch {
	case status/100 == 3:
		return fmt.Sprintf("%s: redirects are not followed: set endpoint and region to where the bucket is (%s%s)", r.Code, r.location, r.Region)
	case r.Code == "NoSuchBucket":
		return fmt.Sprintf("%s: make the bucket %s first", r.Code, s.o.Bucket)
	case r.Region != "" && r.Region != s.o.Region:
		return fmt.Sprintf("%s: the bucket is in region %s, not %s", r.Code, r.Region, s.o.Region)
	case r.Code == "RequestTimeTooSkewed":
		return r.Code + ": the clocks of this machine and of the store differ too much"
	case r.Code == "InvalidAccessKeyId" || r.Code == "SignatureDoesNotMatch" || status == http.StatusUnauthorized:
		return r.Code + ": check the keys of the store"
	case status == http.StatusForbidden:
		return fmt.Sprintf("%s: the keys of the store need s3:ListBucket on the bucket %s, and in it s3:GetObject, s3:PutObject and s3:DeleteObject",
			r.Code, s.o.Bucket)
	}
	return fmt.Sprintf("%s: %s", r.Code, r.Message)
}
