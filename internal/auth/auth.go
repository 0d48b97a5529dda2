// Package auth answers who sent a request: it checks the signatures that S3
// clients make, and knows nothing of buckets, bodies or operations.
//
//  1. There is no anonymous access: Verify returns a Request only for a
//     signature made with the secret of a known key.
//  2. What was signed is what is acted upon: the path and the query are
//     canonicalised from their decoded form, host and every x-amz-* header of
//     the request must be signed, and nothing may be given twice.
//  3. A known and an unknown access key take the same work, but for a look
//     whether another gateway made it and the first time that a key is used on a
//     day, and signatures are compared in constant time.
//  4. A secret never leaves the package, but when its key is made: not in an
//     error, nor in a Request.
//  5. Whether a key is known is asked at each request: one that is deleted ends
//     at once.
//
// Refused with a clear error: signatures of version 2 in a header, asymmetric
// ones (ECDSA) and session tokens.
package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// DefaultRegion is what clients name that were told of no region.
const DefaultRegion = "us-east-1"

// Headers of a request, which may be parameters of a presigned URL instead.
const (
	payloadName = "X-Amz-Content-Sha256"
	tokenName   = "X-Amz-Security-Token" // of temporary credentials
)

// maxSkew is how far the clock of a client may be off. S3's.
const maxSkew = 15 * time.Minute

// Verifier checks signatures. It may be used by many goroutines, is not copied,
// and its fields are not changed afterwards.
type Verifier struct {
	Keys   Keys
	Region string           // that requests have to be signed for; empty: DefaultRegion
	Now    func() time.Time // nil: time.Now

	signing signingKeys
}

// Request is what is known of a request whose signature was verified.
type Request struct {
	Identity
	Payload Payload
	Digest  [sha256.Size]byte // of the payload, if Payload is Digested

	// Hoisted are the headers that came as parameters of a presigned URL
	// instead: they count like headers. None of them is in the request's header
	// with another value.
	Hoisted http.Header

	seal seal
}

// Verify finds out who signed r, by the Authorization header or by a presigned
// URL. hostBucket is the bucket that is named by the host rather than by the
// path, or empty. The body is not read: what Verify says of the payload is only
// true if the body is checked against it. Every error is an *Error.
func (v *Verifier) Verify(r *http.Request, hostBucket string) (*Request, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(InvalidURI, "Couldn't parse the specified URI.")
	}
	header := len(r.Header["Authorization"]) > 0
	v4 := hasAny(query, "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature")
	v2 := hasAny(query, "AWSAccessKeyId", "Signature")
	switch {
	case header && (v4 || v2), v4 && v2:
		return nil, refuse(InvalidArgument, "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "+
			"Signature query string parameter or the Authorization header should be specified")
	case header:
		return v.verifyHeader(r, query)
	case v4:
		return v.verifyPresigned(r, query)
	case v2:
		return v.verifyPresignedV2(r, query, hostBucket)
	}
	return nil, refuse(AccessDenied, "Access Denied")
}

// VerifyBasic checks a name and password of Basic authentication, which are an
// access key and its secret.
func (v *Verifier) VerifyBasic(ctx context.Context, user, password string) (Identity, error) {
	key, known, err := v.key(ctx, user)
	if err != nil {
		return Identity{}, err
	}
	want, got := sha256.Sum256([]byte(key.Secret)), sha256.Sum256([]byte(password))
	if !hmac.Equal(want[:], got[:]) || !known {
		return Identity{}, refuse(AccessDenied, "Access Denied")
	}
	return key.identity(user), nil
}

func (v *Verifier) now() time.Time {
	if v.Now == nil {
		return time.Now()
	}
	return v.Now()
}

func (v *Verifier) region() string {
	if v.Region == "" {
		return DefaultRegion
	}
	return v.Region
}

// key returns a key, or a stand-in that costs the same work. The error is an
// *Error.
func (v *Verifier) key(ctx context.Context, accessKey string) (k Key, known bool, err error) {
	k, err = v.Keys.Key(ctx, accessKey)
	switch {
	case errors.Is(err, ErrNoKey):
		return Key{Secret: strings.Repeat("x", secretChars)}, false, nil
	case err != nil:
		return Key{}, false, refuse(ServiceUnavailable, "The access key cannot be looked up now. Try again.")
	}
	return k, true, nil
}

func (k Key) identity(accessKey string) Identity {
	return Identity{AccessKey: accessKey, Owner: k.Owner}
}

// judge turns the outcome of a comparison into the answer.
func judge(known, equal bool) error {
	switch {
	case !known:
		return refuse(InvalidAccessKeyID, "The AWS Access Key Id you provided does not exist in our records.")
	case !equal:
		return refuse(SignatureDoesNotMatch, "The request signature we calculated does not match the signature you provided. "+
			"Check your key and signing method.")
	}
	return nil
}

// noToken refuses temporary credentials: there are none here.
func noToken(tokens ...string) error {
	if strings.Join(tokens, "") != "" {
		return refuse(InvalidToken, "The provided token is malformed or otherwise invalid.")
	}
	return nil
}

func hasAny(query url.Values, names ...string) bool {
	for _, name := range names {
		if query.Has(name) {
			return true
		}
	}
	return false
}
