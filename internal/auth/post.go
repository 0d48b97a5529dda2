package auth

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"strings"
)

// Form is a POST of a browser: the fields before its file.
type Form struct {
	Bucket string            // that it was sent to
	Fields map[string]string // by lower-case name, each given once
}

// Post is what a form's policy allows.
type Post struct {
	Identity
	MinBytes, MaxBytes int64 // of the file
}

// The fields that sign a form, version 4 and version 2.
const (
	fieldPolicy      = "policy"
	fieldAlgorithm   = "x-amz-algorithm"
	fieldCredential  = "x-amz-credential"
	fieldDate        = "x-amz-date"
	fieldSignature   = "x-amz-signature"
	fieldToken       = "x-amz-security-token"
	fieldV2AccessKey = "awsaccesskeyid"
	fieldV2Signature = "signature"
)

// VerifyPost finds out who signed the policy of a form, and judges whether the
// policy allows its fields. Variables in them have been expanded before. Every
// error is an *Error.
func (v *Verifier) VerifyPost(ctx context.Context, form Form) (*Post, error) {
	_, v4 := form.Fields[fieldAlgorithm]
	_, v2 := form.Fields[fieldV2AccessKey]
	if form.Fields[fieldPolicy] == "" || !v4 && !v2 {
		return nil, refuse(AccessDenied, "Access Denied")
	}
	if v4 && v2 {
		return nil, refuse(InvalidArgument, "Only one auth mechanism allowed")
	}
	if err := noToken(form.Fields[fieldToken]); err != nil {
		return nil, err
	}
	check := v.checkFormV2
	if v4 {
		check = v.checkForm
	}
	who, err := check(ctx, form.Fields)
	if err != nil {
		return nil, err
	}
	text, err := base64.StdEncoding.DecodeString(form.Fields[fieldPolicy])
	if err != nil {
		return nil, refuse(InvalidPolicyDocument, "Invalid Policy: Invalid Base64.")
	}
	p, err := parsePolicy(text)
	if err != nil {
		return nil, err
	}
	if err := p.judge(form, v.now()); err != nil {
		return nil, err
	}
	return &Post{Identity: who, MinBytes: p.minBytes, MaxBytes: p.maxBytes}, nil
}

// checkForm verifies the policy's signature of version 4.
func (v *Verifier) checkForm(ctx context.Context, fields map[string]string) (Identity, error) {
	c := &claim{malformed: InvalidArgument}
	if err := require(fields, fieldCredential, fieldDate, fieldSignature); err != nil {
		return Identity{}, err
	}
	if fields[fieldAlgorithm] != algorithm {
		return Identity{}, refuse(InvalidArgument, "X-Amz-Algorithm only supports %q", algorithm)
	}
	if err := c.setCredential(fields[fieldCredential]); err != nil {
		return Identity{}, err
	}
	if err := c.setTime(fields[fieldDate]); err != nil {
		return Identity{}, err
	}
	if err := c.setSignature(fields[fieldSignature]); err != nil {
		return Identity{}, err
	}
	if err := c.check(v.region()); err != nil {
		return Identity{}, err
	}
	key, known, err := v.key(ctx, c.accessKey)
	if err != nil {
		return Identity{}, err
	}
	right := sign(v.signing.key(c.scope, key.Secret), fields[fieldPolicy])
	if err := judge(known, hmac.Equal(right, c.signature)); err != nil {
		return Identity{}, err
	}
	return key.identity(c.accessKey), nil
}

// checkFormV2 verifies the policy's signature of version 2.
func (v *Verifier) checkFormV2(ctx context.Context, fields map[string]string) (Identity, error) {
	if err := require(fields, fieldV2Signature); err != nil {
		return Identity{}, err
	}
	return v.checkV2(ctx, fields[fieldV2AccessKey], fields[fieldV2Signature], fields[fieldPolicy])
}

func require(fields map[string]string, names ...string) error {
	for _, name := range names {
		if fields[name] == "" {
			return refuse(InvalidArgument, "Bucket POST must contain a field named '%s'. "+
				"If it is specified, please check the order of the fields.", name)
		}
	}
	return nil
}

// exempt reports whether a field needs no condition in the policy.
func exempt(field string) bool {
	switch field {
	case "file", fieldPolicy, fieldSignature, fieldV2AccessKey, fieldV2Signature:
		return true
	}
	return strings.HasPrefix(field, "x-ignore-")
}
