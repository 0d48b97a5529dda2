package auth

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// maxExpiry is the longest life of a presigned URL. S3's.
const maxExpiry = 7 * 24 * time.Hour

// The parameters of a presigned URL, version 4.
const (
	paramAlgorithm  = "X-Amz-Algorithm"
	paramCredential = "X-Amz-Credential"
	paramDate       = "X-Amz-Date"
	paramExpires    = "X-Amz-Expires"
	paramSigned     = "X-Amz-SignedHeaders"
	paramSignature  = "X-Amz-Signature"
)

var presignParams = []string{paramAlgorithm, paramCredential, paramDate, paramExpires, paramSigned, paramSignature}

// verifyPresigned verifies a presigned URL of version 4.
func (v *Verifier) verifyPresigned(r *http.Request, query url.Values) (*Request, error) {
	c, expires, err := parsePresigned(query)
	if err != nil {
		return nil, err
	}
	now := v.now()
	if c.time.Sub(now) > maxSkew {
		return nil, refuse(AccessDenied, "Request is not valid yet")
	}
	if now.After(c.time.Add(expires)) {
		return nil, refuse(AccessDenied, "Request has expired")
	}
	if c.hoisted, err = hoist(r.Header, query, isAmz); err != nil {
		return nil, err
	}
	c.payload = cmp.Or(c.hoisted.Get(payloadName), r.Header.Get(payloadName), unsignedPayload)
	return v.admit(c, r, query)
}

// parsePresigned reads the parameters: each of the six once.
func parsePresigned(query url.Values) (*claim, time.Duration, error) {
	c := &claim{malformed: AuthorizationQueryParametersError, without: paramSignature}
	for _, name := range presignParams {
		if len(query[name]) != 1 {
			return nil, 0, refuse(c.malformed, "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "+
				"X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
		}
	}
	if query.Get(paramAlgorithm) != algorithm {
		return nil, 0, refuse(c.malformed, "X-Amz-Algorithm only supports %q", algorithm)
	}
	expires, err := strconv.ParseInt(query.Get(paramExpires), 10, 64)
	if most := int64(maxExpiry / time.Second); err != nil || expires < 1 || expires > most {
		return nil, 0, refuse(c.malformed, "X-Amz-Expires must be a number of seconds from 1 to %d.", most)
	}
	if err := c.setTime(query.Get(paramDate)); err != nil {
		return nil, 0, refuse(c.malformed, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
	}
	if err := c.setCredential(query.Get(paramCredential)); err != nil {
		return nil, 0, err
	}
	if err := c.setSigned(query.Get(paramSigned)); err != nil {
		return nil, 0, err
	}
	if err := c.setSignature(query.Get(paramSignature)); err != nil {
		return nil, 0, err
	}
	return c, time.Duration(expires) * time.Second, nil
}

// hoist finds the parameters that stand for headers. Given both ways they must
// say the same, and what no header can hold is refused: in version 2 a line
// break would make one header of what was signed as two.
func hoist(h http.Header, query url.Values, isHeader func(name string) bool) (http.Header, error) {
	hoisted := http.Header{}
	for param, values := range query {
		if slices.Contains(presignParams, param) || !isHeader(strings.ToLower(param)) {
			continue
		}
		name := http.CanonicalHeaderKey(param)
		if len(values) != 1 || hoisted[name] != nil {
			return nil, refuse(InvalidArgument, "The parameter %s is given twice.", param)
		}
		if given := h[name]; given != nil && !slices.Equal(given, values) {
			return nil, refuse(InvalidArgument, "The parameter %s is given as a header too, with another value.", param)
		}
		if strings.ContainsFunc(values[0], unicode.IsControl) {
			return nil, refuse(InvalidArgument, "The parameter %s holds control characters.", param)
		}
		hoisted[name] = values
	}
	return hoisted, nil
}

// amzPrefix begins the lower-case names of Amazon's headers.
const amzPrefix = "x-amz-"

// isAmz reports whether a lower-case name is one of Amazon's.
func isAmz(name string) bool { return strings.HasPrefix(name, amzPrefix) }
