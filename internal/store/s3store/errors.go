package s3store

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/minio/minio-go/v7"

	"aetherfs/internal/store"
)

// A request is what an answer's meaning depends on.
type request struct {
	ifAbsent bool
	object   bool // it is about one object
}

// full are the codes of stores without room.
var full = []string{"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage", "StorageFull"}

// passing are the codes of refusals that may be over soon: 400 and 403 say
// them of requests that are right.
var passing = []string{"RequestTimeout", "ExpiredToken", "ExpiredTokenException", "SlowDown", "Throttling", "ThrottlingException"}

// explain makes of an error of minio-go what store.Store says it is.
//
//	412 to If-None-Match    ErrExists
//	404 NoSuchKey           ErrNotFound
//	416                     ErrRange
//	507, a quota            ErrNoSpace
//	3xx, 401, 403, other 4xx  ErrDenied, with what to do
//	the rest                unknown: 409 too, which may come of our own racing Put
func (s *Store) explain(x *exchange, r request, err error) error {
	if late := x.over(); late != nil {
		return late
	}
	if errors.Is(err, errNoKeys) {
		return fmt.Errorf("%w: %w", store.ErrDenied, err)
	}
	var reply minio.ErrorResponse
	if !errors.As(err, &reply) || x.status == 0 {
		return err
	}
	switch told := reply.XMLName.Local != "" || x.status != http.StatusNotFound; {
	case x.status == http.StatusPreconditionFailed && r.ifAbsent:
		return store.ErrExists
	case reply.Code == minio.NoSuchKey && r.object && told:
		return store.ErrNotFound
	case x.status == http.StatusRequestedRangeNotSatisfiable:
		return store.ErrRange
	case x.status == http.StatusInsufficientStorage || slices.Contains(full, reply.Code):
		return fmt.Errorf("%w: %s", store.ErrNoSpace, reply.Code)
	case denied(x.status) && !slices.Contains(passing, reply.Code):
		return fmt.Errorf("%w: %s", store.ErrDenied, s.advice(x, reply))
	}
	return fmt.Errorf("answered %d %s: %s", x.status, reply.Code, reply.Message)
}

// denied reports whether an answer is about the request, and no other is to be
// had by asking again.
func denied(status int) bool {
	switch status {
	case http.StatusConflict, http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusPreconditionFailed:
		return false
	case http.StatusNotImplemented:
		return true
	}
	return status/100 == 3 || status/100 == 4
}

// advice says what the store answered and what to do about it.
func (s *Store) advice(x *exchange, reply minio.ErrorResponse) string {
	said := fmt.Sprintf("%d %s", x.status, reply.Code)
	switch {
	case x.status/100 == 3:
		return fmt.Sprintf("%s: redirects are not followed: set endpoint and region to where the bucket is (%s%s)", said, x.location, reply.Region)
	case reply.Code == minio.NoSuchBucket:
		return fmt.Sprintf("%s: make the bucket %s first", said, s.o.Bucket)
	case reply.Region != "" && reply.Region != s.o.Region:
		return fmt.Sprintf("%s: the bucket is in region %s, not %s", said, reply.Region, s.o.Region)
	case reply.Code == "RequestTimeTooSkewed":
		return said + ": the clocks of this machine and of the store differ too much"
	case reply.Code == "InvalidAccessKeyId" || reply.Code == "SignatureDoesNotMatch" || x.status == http.StatusUnauthorized:
		return said + ": check the keys of the store"
	case x.status == http.StatusForbidden:
		return fmt.Sprintf("%s: the keys of the store need s3:ListBucket on the bucket %s and s3:GetObject, s3:PutObject and s3:DeleteObject in it", said, s.o.Bucket)
	}
	return fmt.Sprintf("%s: %s", said, reply.Message)
}
