package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The parameters of a presigned URL, version 2.
const (
	v2AccessKey = "AWSAccessKeyId"
	v2Expires   = "Expires"
	v2Signature = "Signature"
)

// v2Signed are the parameters that version 2 signs: those that name another
// resource, and the headers of the response.
var v2Signed = []string{
	"accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory", "lifecycle", "location", "logging",
	"metrics", "notification", "object-lock", "partNumber", "policy", "replication", "requestPayment",
	"response-cache-control", "response-content-disposition", "response-content-encoding", "response-content-language",
	"response-content-type", "response-expires", "restore", "select", "select-type", "storageClass", "tagging", "torrent",
	"uploadId", "uploads", "versionId", "versioning", "versions", "website",
}

// v2Free are the parameters that version 2 does not sign and that only choose
// what a listing shows. Any other one would let the holder of a URL ask for
// something else than its maker allowed.
var v2Free = []string{
	v2AccessKey, v2Expires, v2Signature,
	"continuation-token", "delimiter", "encoding-type", "fetch-owner", "key-marker", "list-type", "marker", "max-keys",
	"max-parts", "max-uploads", "part-number-marker", "prefix", "start-after", "upload-id-marker", "version-id-marker",
}

// verifyPresignedV2 verifies a presigned URL of version 2, which boto3 and the
// aws command line make by default for an endpoint that is not Amazon's.
func (v *Verifier) verifyPresignedV2(r *http.Request, query url.Values, hostBucket string) (*Request, error) {
	for _, name := range []string{v2AccessKey, v2Expires, v2Signature} {
		if len(query[name]) != 1 {
			return nil, refuse(AccessDenied, "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters")
		}
	}
	expires, err := strconv.ParseInt(query.Get(v2Expires), 10, 64)
	if err != nil {
		return nil, refuse(AccessDenied, "Invalid date (should be seconds since epoch): %s", query.Get(v2Expires))
	}
	if v.now().After(time.Unix(expires, 0)) {
		return nil, refuse(AccessDenied, "Request has expired")
	}
	hoisted, err := hoist(r.Header, query, isV2Header)
	if err != nil {
		return nil, err
	}
	if err := coversV2(query); err != nil {
		return nil, err
	}
	a := &Request{Hoisted: hoisted}
	header := merged(r.Header, hoisted)
	if err := a.setPayloadV2(header); err != nil {
		return nil, err
	}
	var texts []string
	for _, resource := range resourcesV2(r.URL.EscapedPath(), hostBucket) {
		texts = append(texts, textV2(r.Method, resource, header, query))
	}
	if a.Identity, err = v.checkV2(r.Context(), query.Get(v2AccessKey), query.Get(v2Signature), texts...); err != nil {
		return nil, err
	}
	return a, nil
}

// checkV2 verifies a signature of version 2 over one of texts: those of a URL,
// or a form's policy.
func (v *Verifier) checkV2(ctx context.Context, accessKey, signature string, texts ...string) (Identity, error) {
	key, known, err := v.key(ctx, accessKey)
	if err != nil {
		return Identity{}, err
	}
	given, err := base64.StdEncoding.DecodeString(signature)
	equal := false
	for _, text := range texts {
		mac := hmac.New(sha1.New, []byte(key.Secret))
		mac.Write([]byte(text))
		equal = hmac.Equal(mac.Sum(nil), given) || equal
	}
	if err := judge(known, equal && err == nil); err != nil {
		return Identity{}, err
	}
	return key.identity(accessKey), nil
}

// coversV2 judges whether the signature covers the parameters that it must.
func coversV2(query url.Values) error {
	for name, values := range query {
		switch {
		case slices.Contains(v2Free, name), isV2Header(strings.ToLower(name)):
		case !slices.Contains(v2Signed, name):
			return refuse(AccessDenied, "There were parameters present in the request which were not signed: %s", name)
		case len(values) > 1:
			return refuse(InvalidArgument, "The parameter %s is given twice.", name)
		}
	}
	return nil
}

// setPayloadV2 reads what the headers say of the body. There is no key to sign
// chunks with.
func (a *Request) setPayloadV2(h http.Header) error {
	if err := noToken(h.Get(tokenName)); err != nil {
		return err
	}
	value := h.Get(payloadName)
	if value == "" {
		return nil
	}
	if err := a.setPayload(value); err != nil {
		return err
	}
	if a.Payload.Signed() {
		return refuse(InvalidRequest, "A URL presigned by version 2 cannot carry signed chunks.")
	}
	return nil
}

// textV2 is what version 2 signs.
func textV2(method, resource string, h http.Header, query url.Values) string {
	var b strings.Builder
	for _, line := range []string{method, h.Get("Content-Md5"), h.Get("Content-Type"), query.Get(v2Expires)} {
		b.WriteString(line + "\n")
	}
	var names []string
	for name := range h {
		if name = strings.ToLower(name); isAmz(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		b.WriteString(name + ":" + strings.Join(h.Values(name), ",") + "\n")
	}
	b.WriteString(resource)
	sep := "?"
	for _, name := range v2Signed { // ascending
		if !query.Has(name) {
			continue
		}
		b.WriteString(sep + name)
		if value := query.Get(name); value != "" {
			b.WriteString("=" + value)
		}
		sep = "&"
	}
	return b.String()
}

// resourcesV2 is the escaped path with the bucket in front. Of a bucket it is
// so, and with a slash behind it: boto3 signs that, and then leaves it out of
// the URL.
func resourcesV2(path, hostBucket string) []string {
	if hostBucket != "" {
		path = "/" + hostBucket + path
	}
	if strings.LastIndexByte(path, '/') == 0 && path != "/" {
		return []string{path, path + "/"}
	}
	return []string{path}
}

// isV2Header reports whether a parameter of that lower-case name stands for a
// header.
func isV2Header(name string) bool {
	return isAmz(name) || name == "content-type" || name == "content-md5"
}

func merged(h, hoisted http.Header) http.Header {
	all := h.Clone()
	for name, values := range hoisted {
		all[name] = values
	}
	return all
}
