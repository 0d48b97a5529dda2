package s3api

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"net/http"
	"strings"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/internal/checksum"
)

// check is a value that is computed as the body is read.
type check struct {
	hash      hash.Hash
	algorithm backend.Algorithm // 0: not a checksum that is kept
	want      []byte            // nil: computed only
	trailer   bool              // want comes in the trailer
	code      string            // of a mismatch
	message   string
}

// bodyChecks lists what has to be computed over the decoded body.
func bodyChecks(h http.Header, a *auth.Request, o bodyOptions) ([]check, error) {
	var checks []check
	if a.Payload == auth.Digested {
		checks = append(checks, check{hash: sha256.New(), want: a.Digest[:], code: "XAmzContentSHA256Mismatch",
			message: "The provided 'x-amz-content-sha256' header does not match what was computed."})
	}
	if values, ok := h["Content-Md5"]; ok {
		want, err := base64.StdEncoding.DecodeString(strings.Join(values, ","))
		if err != nil || len(want) != md5.Size {
			return nil, fail("InvalidDigest", "The Content-MD5 you specified is not valid.")
		}
		checks = append(checks, check{hash: md5.New(), want: want, code: "BadDigest",
			message: "The Content-MD5 you specified did not match what we received."})
	}
	if o.elsewhere {
		return checks, nil
	}
	return checksumChecks(checks, h, a.Payload, o.compute)
}

// checksumChecks appends the checksum that the client sends or announces, and
// the one that is asked for.
func checksumChecks(checks []check, h http.Header, p auth.Payload, compute backend.Algorithm) ([]check, error) {
	given, err := givenChecksum(h)
	if err != nil {
		return nil, err
	}
	announced, err := announcedChecksum(h)
	if err != nil {
		return nil, err
	}
	c := check{code: "BadDigest"}
	switch {
	case given != nil && announced != 0:
		return nil, manyChecksums()
	case given != nil && given.Parts > 0:
		return nil, badChecksum(given.Algorithm)
	case announced != 0 && !p.Trailer():
		return nil, fail("InvalidRequest", "x-amz-trailer was given, but the body has no trailer.")
	case given != nil:
		c.algorithm, c.want = given.Algorithm, given.Value
	case announced != 0:
		c.algorithm, c.trailer = announced, true
	}
	if name := h.Get("X-Amz-Sdk-Checksum-Algorithm"); name != "" && (c.algorithm == 0 || !strings.EqualFold(name, checksum.Name(c.algorithm))) {
		return nil, fail("InvalidRequest", "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* "+
			"or x-amz-trailer headers were found.")
	}
	if c.algorithm != 0 {
		c.hash = checksum.New(c.algorithm)
		c.message = "The " + checksum.Name(c.algorithm) + " you specified did not match the calculated checksum."
		checks = append(checks, c)
	}
	if compute != 0 && compute != c.algorithm {
		checks = append(checks, check{hash: checksum.New(compute), algorithm: compute})
	}
	return checks, nil
}
