package s3api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/internal/incoming"
)

// Error is an answer in S3's words. Any other error of a handler is translated
// to one, or becomes InternalError.
type Error struct {
	Code    string // one of the keys of statuses
	Message string // for people; may name what the client sent, never what we hold
	Fields  []Field
	Err     error // why, for the log; never sent
}

// Field is an element of an error's XML beside the usual ones.
type Field struct{ Name, Value string }

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return e.Code + ": " + e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// Status is the HTTP status of e.
func (e *Error) Status() int {
	if s, ok := statuses[e.Code]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// fail returns an Error of code with a formatted message.
func fail(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// notImplemented refuses what was asked for by its name.
func notImplemented(what string) *Error {
	return fail("NotImplemented", "%s is not implemented.", what)
}

// statuses is the status of every code we answer with. They are AWS's.
var statuses = map[string]int{
	"AccessControlListNotSupported":                  400,
	"AccessDenied":                                   403,
	"AuthorizationHeaderMalformed":                   400,
	"AuthorizationQueryParametersError":              400,
	"BadDigest":                                      400,
	"BadRequest":                                     400,
	"BucketAlreadyOwnedByYou":                        409,
	"BucketNotEmpty":                                 409,
	"EntityTooLarge":                                 400,
	"EntityTooSmall":                                 400,
	"IllegalLocationConstraintException":             400,
	"IncompleteBody":                                 400,
	"IncorrectNumberOfFilesInPostRequest":            400,
	"InsufficientStorage":                            507,
	"InternalError":                                  500,
	"InvalidAccessKeyId":                             403,
	"InvalidArgument":                                400,
	"InvalidBucketName":                              400,
	"InvalidChunkSizeError":                          403,
	"InvalidDigest":                                  400,
	"InvalidPart":                                    400,
	"InvalidPartNumber":                              416,
	"InvalidPartOrder":                               400,
	"InvalidPolicyDocument":                          400,
	"InvalidRange":                                   416,
	"InvalidRequest":                                 400,
	"InvalidStorageClass":                            400,
	"InvalidTag":                                     400,
	"InvalidToken":                                   400,
	"InvalidURI":                                     400,
	"KeyTooLongError":                                400,
	"MalformedPOSTRequest":                           400,
	"MalformedTrailerError":                          400,
	"MalformedXML":                                   400,
	"MaxPostPreDataLengthExceededError":              400,
	"MetadataTooLarge":                               400,
	"MethodNotAllowed":                               405,
	"MissingContentLength":                           411,
	"NoSuchBucket":                                   404,
	"NoSuchBucketPolicy":                             404,
	"NoSuchCORSConfiguration":                        404,
	"NoSuchKey":                                      404,
	"NoSuchLifecycleConfiguration":                   404,
	"NoSuchObjectLockConfiguration":                  404,
	"NoSuchPublicAccessBlockConfiguration":           404,
	"NoSuchTagSet":                                   404,
	"NoSuchUpload":                                   404,
	"NoSuchVersion":                                  404,
	"NoSuchWebsiteConfiguration":                     404,
	"NotImplemented":                                 501,
	"NotModified":                                    304,
	"ObjectLockConfigurationNotFoundError":           404,
	"OwnershipControlsNotFoundError":                 404,
	"PreconditionFailed":                             412,
	"ReplicationConfigurationNotFoundError":          404,
	"RequestTimeTooSkewed":                           403,
	"RequestTimeout":                                 400,
	"ServerSideEncryptionConfigurationNotFoundError": 404,
	"ServiceUnavailable":                             503,
	"SignatureDoesNotMatch":                          403,
	"SlowDown":                                       503,
	"XAmzContentSHA256Mismatch":                      400,
}

// answers translates backend.Errors.
var answers = []struct {
	err           error
	code, message string
}{
	{backend.ErrNoDataset, "NoSuchBucket", "The specified bucket does not exist."},
	{backend.ErrNotFound, "NoSuchKey", "The specified key does not exist."},
	{backend.ErrNoUpload, "NoSuchUpload", "The specified upload does not exist. It may have been completed or aborted."},
	{backend.ErrExists, "BucketAlreadyOwnedByYou", "You already own a bucket of this name."},
	{backend.ErrNotEmpty, "BucketNotEmpty", "The bucket is not empty."},
	{backend.ErrPrecondition, "PreconditionFailed", "At least one of the preconditions does not hold."},
	{backend.ErrNotModified, "NotModified", "Not modified."},
	{backend.ErrInvalidName, "InvalidBucketName", "The specified bucket name is not valid."},
	{backend.ErrInvalidKey, "InvalidURI", "The key is not valid UTF-8, or empty."},
	{backend.ErrKeyTooLong, "KeyTooLongError", "The key is longer than 1024 bytes."},
	{backend.ErrTooLarge, "EntityTooLarge", "The upload is larger than the maximum allowed size."},
	{backend.ErrRange, "InvalidRange", "The requested range is not satisfiable."},
	{backend.ErrInvalidPart, "InvalidPart", "One or more of the parts were not uploaded, or their ETag or checksum differs."},
	{backend.ErrPartOrder, "InvalidPartOrder", "The list of parts is not in ascending order of part number."},
	{backend.ErrPartTooSmall, "EntityTooSmall", "A part other than the last is smaller than 5 MiB."},
	{backend.ErrBadDigest, "BadDigest", "The Content-MD5, checksum or size you specified did not match what we received."},
	{backend.ErrDenied, "AccessDenied", "Access denied."},
	{backend.ErrChanged, "SlowDown", "The source was replaced meanwhile. Try again."},
	{backend.ErrUnavailable, "ServiceUnavailable", "The store cannot be reached, and the outcome is unknown. Try again."},
	{backend.ErrNoSpace, "InsufficientStorage", "The store is full."},
	{backend.ErrReadOnly, "AccessDenied", "The store is opened for reading only."},
	{backend.ErrCorrupt, "InternalError", "The stored data is damaged."},
	{backend.ErrInvalidSettings, "InvalidArgument", "The settings make no sense."},
}

// translate says err in S3's words.
func translate(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	var denied *auth.Error
	if errors.As(err, &denied) {
		e = &Error{Code: denied.Code, Message: denied.Message, Err: err}
		if denied.Region != "" {
			e.Fields = []Field{{"Region", denied.Region}} // SDKs sign again for it
		}
		return e
	}
	for _, a := range answers {
		if errors.Is(err, a.err) {
			return &Error{Code: a.code, Message: a.message, Err: err}
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &Error{Code: "EntityTooLarge", Message: "The body is larger than allowed.", Err: err}
	case errors.Is(err, context.Canceled), errors.Is(err, incoming.ErrLate):
		return &Error{Code: "RequestTimeout", Message: "The body did not arrive in time.", Err: err}
	}
	return &Error{Code: "InternalError", Message: "We encountered an internal error. Try again.", Err: err}
}
