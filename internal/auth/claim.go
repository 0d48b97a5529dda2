package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// timestampFormat is ISO 8601 in its basic form.
const timestampFormat = "20060102T150405Z"

// claim is what a request of version 4 says of its signature: in its header, in
// its query or in a form.
type claim struct {
	malformed string // the code for what is wrong with the claim
	accessKey string
	scope     scope
	timestamp string
	time      time.Time
	signed    []string // names of headers, lower case, ascending
	signature []byte

	payload string      // x-amz-content-sha256
	hoisted http.Header // the headers that are in the query
	without string      // the parameter that is not signed: the signature itself
}

// setCredential parses "KEY/date/region/s3/aws4_request". An access key may hold
// slashes.
func (c *claim) setCredential(value string) error {
	parts := strings.Split(value, "/")
	n := max(len(parts)-4, 0)
	c.accessKey = strings.Join(parts[:n], "/")
	if c.accessKey == "" {
		return c.wrong(`the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`)
	}
	c.scope = scope{date: parts[n], region: parts[n+1]}
	if parts[n+2] != service || parts[n+3] != terminator {
		return c.wrong("incorrect service \"%s/%s\". This endpoint belongs to \"%s/%s\".", parts[n+2], parts[n+3], service, terminator)
	}
	return nil
}

// setSigned parses "host;x-amz-date".
func (c *claim) setSigned(value string) error {
	c.signed = strings.Split(value, ";")
	for i, name := range c.signed {
		if name == "" || name != strings.ToLower(name) || i > 0 && name <= c.signed[i-1] {
			return c.wrong("SignedHeaders must be lower-case names in ascending order.")
		}
	}
	return nil
}

// setSignature parses 64 hexadecimal digits.
func (c *claim) setSignature(value string) error {
	signature, err := hex.DecodeString(value)
	if err != nil || len(signature) != sha256.Size {
		return c.wrong("the Signature must be %d hexadecimal digits.", 2*sha256.Size)
	}
	c.signature = signature
	return nil
}

// setTime parses a timestamp.
func (c *claim) setTime(value string) error {
	t, err := time.Parse(timestampFormat, value)
	if err != nil || len(value) != len(timestampFormat) {
		return refuse(AccessDenied, "AWS authentication requires a valid Date or x-amz-date header")
	}
	c.timestamp, c.time = value, t
	return nil
}

// check judges the claim by itself: the scope must be that of its time and of
// this place.
func (c *claim) check(region string) error {
	if date := c.timestamp[:len("20060102")]; c.scope.date != date {
		return c.wrong("invalid credential date %q. This date is not the same as X-Amz-Date: %q.", c.scope.date, date)
	}
	if c.scope.region != region {
		e := c.wrong("the region '%s' is wrong; expecting '%s'", c.scope.region, region)
		e.Region = region
		return e
	}
	return nil
}

// covers judges whether the signature covers all of the request's headers that
// it must.
func (c *claim) covers(r *http.Request) error {
	if !slices.Contains(c.signed, "host") {
		return notSigned("host")
	}
	for name := range r.Header {
		if len(name) < len(amzPrefix) || !strings.EqualFold(name[:len(amzPrefix)], amzPrefix) {
			continue
		}
		name = strings.ToLower(name)
		if _, found := slices.BinarySearch(c.signed, name); !found {
			return notSigned(name)
		}
	}
	return nil
}

func notSigned(name string) error {
	return refuse(AccessDenied, "There were headers present in the request which were not signed: %s", name)
}

// admit verifies a claim whose time is right, and says what it stands for.
func (v *Verifier) admit(c *claim, r *http.Request, query url.Values) (*Request, error) {
	if err := c.check(v.region()); err != nil {
		return nil, err
	}
	if err := c.covers(r); err != nil {
		return nil, err
	}
	if err := noToken(r.Header.Get(tokenName), c.hoisted.Get(tokenName)); err != nil {
		return nil, err
	}
	a := &Request{Hoisted: c.hoisted}
	if err := a.setPayload(c.payload); err != nil {
		return nil, err
	}
	k, known, err := v.key(r.Context(), c.accessKey)
	if err != nil {
		return nil, err
	}
	key := v.signing.key(c.scope, k.Secret)
	signed := canonical{r: r, query: query, without: c.without, signed: c.signed, payload: c.payload}
	right := signRequest(key, c.timestamp, c.scope, signed.digest())
	if err := judge(known, hmac.Equal(right, c.signature)); err != nil {
		return nil, err
	}
	a.Identity = k.identity(c.accessKey)
	a.seal = seal{key: key, timestamp: c.timestamp, scope: c.scope.String(), signature: right}
	return a, nil
}

// wrong says what is wrong with the claim. Clients look for the region in the
// words of AWS.
func (c *claim) wrong(format string, args ...any) *Error {
	where := "The authorization header is malformed; "
	if c.malformed != AuthorizationHeaderMalformed {
		where = "Error parsing the credentials; "
	}
	return refuse(c.malformed, where+format, args...)
}
