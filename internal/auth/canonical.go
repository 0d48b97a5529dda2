package auth

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// What requests of version 4 are signed with.
const (
	algorithm  = "AWS4-HMAC-SHA256"
	service    = "s3"
	terminator = "aws4_request"
)

// canonical is the parts of a request that are signed, in version 4.
type canonical struct {
	r       *http.Request
	query   url.Values // decoded
	without string     // the parameter that holds the signature itself
	signed  []string   // names of the headers, lower case, ascending
	payload string     // as x-amz-content-sha256 has it
}

// digest is the SHA-256 of the canonical request.
func (c *canonical) digest() [sha256.Size]byte {
	b := make([]byte, 0, 2<<10) // more than most take
	b = append(b, c.r.Method...)
	b = append(b, '\n')
	b = appendPath(b, c.r.URL)
	b = append(b, '\n')
	b = appendQuery(b, c.query, c.without)
	b = append(b, '\n')
	for _, name := range c.signed {
		b = append(b, name...)
		b = append(b, ':')
		b = appendHeader(b, c.r, name)
		b = append(b, '\n')
	}
	b = append(b, '\n')
	b = append(b, strings.Join(c.signed, ";")...)
	b = append(b, '\n')
	b = append(b, c.payload...)
	return sha256.Sum256(b)
}

// appendPath encodes the decoded path anew, once, as S3 alone does: nothing in
// it is cleaned.
func appendPath(b []byte, u *url.URL) []byte {
	if u.Path == "" {
		return append(b, '/')
	}
	return appendEncoded(b, u.Path, '/')
}

// appendQuery writes the parameters by encoded name, then by encoded value.
func appendQuery(b []byte, query url.Values, without string) []byte {
	type parameter struct{ name, value string }
	var all []parameter
	for name, values := range query {
		if name == without {
			continue
		}
		for _, value := range values {
			all = append(all, parameter{encode(name), encode(value)})
		}
	}
	slices.SortFunc(all, func(p, q parameter) int {
		return cmp.Or(cmp.Compare(p.name, q.name), cmp.Compare(p.value, q.value))
	})
	for i, p := range all {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, p.name...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	return b
}

// appendHeader writes the values of a header, trimmed, with runs of spaces
// made one. net/http takes some headers out of the map.
func appendHeader(b []byte, r *http.Request, name string) []byte {
	values := r.Header[http.CanonicalHeaderKey(name)]
	if len(values) == 0 {
		values = moved(r, name)
	}
	for i, value := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendCollapsed(b, value)
	}
	return b
}

// moved returns the values of a header that net/http keeps outside of
// r.Header.
func moved(r *http.Request, name string) []string {
	switch name {
	case "host":
		if r.Host == "" && r.URL != nil {
			return []string{r.URL.Host} // of a request about to be sent
		}
		return []string{r.Host}
	case "content-length":
		if r.ContentLength >= 0 {
			return []string{strconv.FormatInt(r.ContentLength, 10)}
		}
	case "transfer-encoding":
		return r.TransferEncoding
	case "expect":
		return []string{"100-continue"} // the only one that reaches a handler
	}
	return nil
}

func appendCollapsed(b []byte, value string) []byte {
	space := false
	for _, c := range []byte(strings.Trim(value, " \t")) {
		if c == ' ' && space {
			continue
		}
		space = c == ' '
		b = append(b, c)
	}
	return b
}

func encode(s string) string { return string(appendEncoded(nil, s, 0)) }

// appendEncoded percent-encodes all but RFC 3986's unreserved characters and
// keep.
func appendEncoded(b []byte, s string, keep byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
			c == '-', c == '.', c == '_', c == '~', c == keep && keep != 0:
			b = append(b, c)
		default:
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return b
}

// scope is what a signing key is good for.
type scope struct{ date, region string }

func (s scope) String() string {
	return s.date + "/" + s.region + "/" + service + "/" + terminator
}

// key derives the signing key.
func (s scope) key(secret string) []byte {
	key := []byte("AWS4" + secret)
	for _, step := range []string{s.date, s.region, service, terminator} {
		key = sign(key, step)
	}
	return key
}

// signRequest signs a canonical request.
func signRequest(key []byte, timestamp string, s scope, digest [sha256.Size]byte) []byte {
	return sign(key, algorithm+"\n"+timestamp+"\n"+s.String()+"\n"+hex.EncodeToString(digest[:]))
}

func sign(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}
