package auth_test

import (
	"encoding/base64"
	"maps"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7/pkg/signer"

	"aetherfs/internal/auth"
)

// policyFields are the fields of a form whose policy is text, signed at
// docTime.
func policyFields(text string) map[string]string {
	encoded := base64.StdEncoding.EncodeToString([]byte(text))
	return map[string]string{
		"policy":           encoded,
		"x-amz-algorithm":  "AWS4-HMAC-SHA256",
		"x-amz-credential": accessKey + "/20130524/us-east-1/s3/aws4_request",
		"x-amz-date":       "20130524T000000Z",
		"x-amz-signature":  signer.PostPresignSignatureV4(encoded, docTime, secret, region),
	}
}

// policyText is a policy with conditions, and those for the signature's fields.
func policyText(conditions string) string {
	if conditions != "" {
		conditions += ","
	}
	return `{"expiration": "2013-05-24T01:00:00Z", "conditions": [` + conditions +
		`["starts-with", "$x-amz-algorithm", ""], ["starts-with", "$x-amz-credential", ""], ["starts-with", "$x-amz-date", ""]]}`
}

const onlyBucket = `{"bucket": "photos"}`

func TestPost(t *testing.T) {
	for _, tt := range []struct {
		name       string
		conditions string
		fields     map[string]string
		code       string
	}{
		{"eq object", onlyBucket + `, {"key": "a"}`, map[string]string{"key": "a"}, ""},
		{"eq object, other value", onlyBucket + `, {"key": "a"}`, map[string]string{"key": "b"}, auth.AccessDenied},
		{"eq", onlyBucket + `, ["eq", "$key", "a"]`, map[string]string{"key": "a"}, ""},
		{"eq, longer value", onlyBucket + `, ["eq", "$key", "a"]`, map[string]string{"key": "ab"}, auth.AccessDenied},
		{"eq, no such field", onlyBucket + `, ["eq", "$key", "a"]`, nil, auth.AccessDenied},
		{"starts-with", onlyBucket + `, ["starts-with", "$key", "user/"]`, map[string]string{"key": "user/x"}, ""},
		{"starts-with, other", onlyBucket + `, ["starts-with", "$key", "user/"]`, map[string]string{"key": "use"}, auth.AccessDenied},
		{"starts-with anything", onlyBucket + `, ["starts-with", "$key", ""]`, map[string]string{"key": "x"}, ""},
		{"any case", `{"bUcKeT": "photos"}, ["StArTs-WiTh", "$KeY", "x"]`, map[string]string{"key": "x"}, ""},
		{"other bucket", `{"bucket": "other"}`, nil, auth.AccessDenied},
		{"bucket not named", `{"key": "a"}`, map[string]string{"key": "a"}, auth.AccessDenied},
		{"bucket as a field", `{"bucket": "other"}`, map[string]string{"bucket": "other"}, auth.AccessDenied},
		{"field without a condition", onlyBucket, map[string]string{"acl": "private"}, auth.AccessDenied},
		{"ignored field", onlyBucket, map[string]string{"x-ignore-this": "1"}, ""},
		{"both conditions must hold", onlyBucket + `, {"key": "a"}, {"key": "b"}`, map[string]string{"key": "a"}, auth.AccessDenied},
		{"token", onlyBucket, map[string]string{"x-amz-security-token": "t"}, auth.InvalidToken},
		{"version 2 too", onlyBucket, map[string]string{"awsaccesskeyid": accessKey}, auth.InvalidArgument},
		{"unknown operator", `["ne", "$key", "a"]`, nil, auth.InvalidPolicyDocument},
		{"no $", `["eq", "key", "a"]`, nil, auth.InvalidPolicyDocument},
		{"too few words", `["eq", "$key"]`, nil, auth.InvalidPolicyDocument},
		{"no list, no object", `"eq"`, nil, auth.InvalidPolicyDocument},
		{"null", `null`, nil, auth.InvalidPolicyDocument},
		{"no string", `{"key": 5}`, nil, auth.InvalidPolicyDocument},
		{"range without an end", `["content-length-range", 1]`, nil, auth.InvalidPolicyDocument},
		{"range below zero", `["content-length-range", -1, 5]`, nil, auth.InvalidPolicyDocument},
		{"range of words", `["content-length-range", "a", "b"]`, nil, auth.InvalidPolicyDocument},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fields := policyFields(policyText(tt.conditions))
			maps.Copy(fields, tt.fields)
			post, err := verifier(docTime).VerifyPost(t.Context(), auth.Form{Bucket: "photos", Fields: fields})
			if got := code(t, err); got != tt.code {
				t.Fatalf("VerifyPost = %+v, %v, want %s", post, err, tt.code)
			}
			if err == nil && (post.AccessKey != accessKey || post.MinBytes != 0 || post.MaxBytes < 1<<62) {
				t.Errorf("VerifyPost = %+v", post)
			}
		})
	}
}

func TestPostSize(t *testing.T) {
	fields := policyFields(policyText(onlyBucket + `, ["content-length-range", 5, 100], ["content-length-range", "3", "90"]`))
	post, err := verifier(docTime).VerifyPost(t.Context(), auth.Form{Bucket: "photos", Fields: fields})
	if err != nil || post.MinBytes != 5 || post.MaxBytes != 90 {
		t.Errorf("VerifyPost = %+v, %v, want 5 to 90 bytes", post, err)
	}
}

func TestPostDocument(t *testing.T) {
	for _, tt := range []struct{ text, code string }{
		{policyText(onlyBucket), ""},
		{strings.Replace(policyText(onlyBucket), "01:00:00Z", "01:00:00.000Z", 1), ""},
		{strings.Replace(policyText(onlyBucket), "2013-05-24T01", "2013-05-23T23", 1), auth.AccessDenied},
		{strings.Replace(policyText(onlyBucket), "2013-05-24T01:00:00Z", "soon", 1), auth.InvalidPolicyDocument},
		{strings.Replace(policyText(onlyBucket), "expiration", "EXPIRATION", 1), auth.InvalidPolicyDocument},
		{strings.Replace(policyText(onlyBucket), "conditions", "CONDITIONS", 1), auth.InvalidPolicyDocument},
		{`{}`, auth.InvalidPolicyDocument},
		{`[]`, auth.InvalidPolicyDocument},
		{`null`, auth.InvalidPolicyDocument},
		{`{"expiration": "2013-05-24T01:00:00Z"}`, auth.InvalidPolicyDocument},
		{`{"expiration": "2013-05-24T01:00:00Z", "conditions": null}`, auth.InvalidPolicyDocument},
		{`{"expiration": "2013-05-24T01:00:00Z", "conditions": []}`, auth.AccessDenied},
		{policyText(onlyBucket) + "x", auth.InvalidPolicyDocument},
	} {
		_, err := verifier(docTime).VerifyPost(t.Context(), auth.Form{Bucket: "photos", Fields: policyFields(tt.text)})
		if got := code(t, err); got != tt.code {
			t.Errorf("VerifyPost of %s: %v, want %q", tt.text, err, tt.code)
		}
	}
}

func TestPostSignature(t *testing.T) {
	for _, tt := range []struct{ field, value, code string }{
		{"x-amz-signature", strings.Repeat("0", 64), auth.SignatureDoesNotMatch},
		{"x-amz-signature", "0", auth.InvalidArgument},
		{"x-amz-signature", "", auth.InvalidArgument},
		{"policy", base64.StdEncoding.EncodeToString([]byte(policyText(onlyBucket + " "))), auth.SignatureDoesNotMatch},
		{"policy", "", auth.AccessDenied},
		{"x-amz-algorithm", "AWS4-HMAC-SHA1", auth.InvalidArgument},
		{"x-amz-credential", "AKIAOTHER/20130524/us-east-1/s3/aws4_request", auth.InvalidAccessKeyID},
		{"x-amz-credential", accessKey + "/20130523/us-east-1/s3/aws4_request", auth.InvalidArgument},
		{"x-amz-credential", accessKey + "/20130524/eu-west-1/s3/aws4_request", auth.InvalidArgument},
		{"x-amz-date", "today", auth.AccessDenied},
		{"x-amz-date", "", auth.InvalidArgument},
	} {
		fields := policyFields(policyText(onlyBucket))
		fields[tt.field] = tt.value
		if _, err := verifier(docTime).VerifyPost(t.Context(), auth.Form{Bucket: "photos", Fields: fields}); code(t, err) != tt.code {
			t.Errorf("VerifyPost with %s = %q: %v, want %s", tt.field, tt.value, err, tt.code)
		}
	}
	if _, err := verifier(docTime).VerifyPost(t.Context(), auth.Form{Bucket: "photos"}); code(t, err) != auth.AccessDenied {
		t.Errorf("VerifyPost without credentials: %v", err)
	}
}

// TestPostV2 signs a form as boto3 does by default.
func TestPostV2(t *testing.T) {
	text := `{"expiration": "2013-05-24T01:00:00Z", "conditions": [{"acl": "private"}, {"bucket": "photos"}, ["starts-with", "$key", "a/"]]}`
	encoded := base64.StdEncoding.EncodeToString([]byte(text))
	fields := map[string]string{
		"acl": "private", "key": "a/b", "awsaccesskeyid": accessKey, "policy": encoded,
		"signature": signer.PostPresignSignatureV2(encoded, secret),
	}
	v := verifier(docTime)
	if post, err := v.VerifyPost(t.Context(), auth.Form{Bucket: "photos", Fields: fields}); err != nil || post.AccessKey != accessKey {
		t.Errorf("VerifyPost = %+v, %v", post, err)
	}
	fields["signature"] = base64.StdEncoding.EncodeToString([]byte("wrong"))
	if _, err := v.VerifyPost(t.Context(), auth.Form{Bucket: "photos", Fields: fields}); code(t, err) != auth.SignatureDoesNotMatch {
		t.Errorf("VerifyPost with a wrong signature: %v", err)
	}
	delete(fields, "signature")
	if _, err := v.VerifyPost(t.Context(), auth.Form{Bucket: "photos", Fields: fields}); code(t, err) != auth.InvalidArgument {
		t.Errorf("VerifyPost without a signature: %v", err)
	}
}

// FuzzPolicy: a policy that never names a field does not let it pass.
func FuzzPolicy(f *testing.F) {
	f.Add(policyText(onlyBucket), "key", "a")
	f.Add(policyText(onlyBucket+`, ["content-length-range", 5, 100], ["eq", "$key", "a"]`), "key", "a")
	f.Add(`{"expiration": 1, "conditions": {}}`, "", "")
	f.Fuzz(func(t *testing.T, text, field, value string) {
		fields := policyFields(text)
		if _, reserved := fields[field]; reserved || strings.HasPrefix(field, "x-ignore-") || field == "file" || field == "signature" {
			return
		}
		fields[field] = value
		post, err := verifier(docTime).VerifyPost(t.Context(), auth.Form{Bucket: "photos", Fields: fields})
		if code(t, err) == "" && !strings.Contains(strings.ToLower(text), field) && !strings.Contains(text, `\`) {
			t.Errorf("the field %q was let in by %s: %+v", field, text, post)
		}
	})
}
