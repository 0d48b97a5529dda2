package auth

import (
	"fmt"
	"slices"
)

// The codes of S3 that an Error may carry; a front end knows the status of each.
const (
	AccessDenied                      = "AccessDenied"
	AuthorizationHeaderMalformed      = "AuthorizationHeaderMalformed"
	AuthorizationQueryParametersError = "AuthorizationQueryParametersError"
	InvalidAccessKeyID                = "InvalidAccessKeyId"
	InvalidArgument                   = "InvalidArgument"
	InvalidPolicyDocument             = "InvalidPolicyDocument"
	InvalidRequest                    = "InvalidRequest"
	InvalidToken                      = "InvalidToken"
	InvalidURI                        = "InvalidURI"
	NotImplemented                    = "NotImplemented"
	RequestTimeTooSkewed              = "RequestTimeTooSkewed"
	ServiceUnavailable                = "ServiceUnavailable"
	SignatureDoesNotMatch             = "SignatureDoesNotMatch"
)

// Codes returns the closed list.
func Codes() []string {
	return slices.Clone([]string{
		AccessDenied, AuthorizationHeaderMalformed, AuthorizationQueryParametersError, InvalidAccessKeyID, InvalidArgument,
		InvalidPolicyDocument, InvalidRequest, InvalidToken, InvalidURI, NotImplemented, RequestTimeTooSkewed,
		ServiceUnavailable, SignatureDoesNotMatch,
	})
}

// Error is why a request was refused, in S3's words, for the client to see.
type Error struct {
	Code    string // one of Codes
	Message string
	Region  string // the region to sign for, if the request was signed for another
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

func refuse(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
