package auth_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"aetherfs/internal/auth"
)

// alteration is one thing changed in a request after it was signed.
type alteration struct {
	name  string
	alter func(r *http.Request)
	code  string
}

func setHeader(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// replace changes the Authorization header.
func replace(old, new string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, new, 1))
	}
}

// replaceQuery changes the raw query.
func replaceQuery(old, new string) func(*http.Request) {
	return func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, old, new, 1) }
}

func addQuery(parameter string) func(*http.Request) {
	return func(r *http.Request) { r.URL.RawQuery += "&" + parameter }
}

// everywhere are alterations that no kind of signature may let pass.
var everywhere = []alteration{
	{"method", func(r *http.Request) { r.Method = "DELETE" }, auth.SignatureDoesNotMatch},
	{"path", func(r *http.Request) { r.URL.Path += "x"; r.URL.RawPath = "" }, auth.SignatureDoesNotMatch},
	{"path with a slash more", func(r *http.Request) { r.URL.Path = "/" + r.URL.Path; r.URL.RawPath = "" }, auth.SignatureDoesNotMatch},
	{"query that cannot be parsed", addQuery("a=%zz"), auth.InvalidURI},
	{"query with a semicolon", addQuery("a=1;b=2"), auth.InvalidURI},
}

func TestHeaderRefused(t *testing.T) {
	for _, tt := range append(everywhere, []alteration{
		{"nothing", func(*http.Request) {}, ""},
		{"no signature", func(r *http.Request) { r.Header.Del("Authorization") }, auth.AccessDenied},
		{"host", func(r *http.Request) { r.Host = "other" }, auth.SignatureDoesNotMatch},
		{"parameter more", addQuery("acl"), auth.SignatureDoesNotMatch},
		{"parameter's value", replaceQuery("prefix=a", "prefix=b"), auth.SignatureDoesNotMatch},
		{"parameter less", replaceQuery("prefix=a", ""), auth.SignatureDoesNotMatch},
		{"header's value", setHeader("X-Amz-Meta-A", "2"), auth.SignatureDoesNotMatch},
		{"header's second value", func(r *http.Request) { r.Header.Add("X-Amz-Meta-A", "2") }, auth.SignatureDoesNotMatch},
		{"header less", func(r *http.Request) { r.Header.Del("X-Amz-Meta-A") }, auth.SignatureDoesNotMatch},
		{"header that is not signed", setHeader("X-Amz-Acl", "public-read"), auth.AccessDenied},
		{"payload's kind", setHeader("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), auth.SignatureDoesNotMatch},
		{"payload's digest", setHeader("X-Amz-Content-Sha256", strings.Repeat("a", 64)), auth.SignatureDoesNotMatch},
		{"payload missing", func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") }, auth.InvalidRequest},
		{"payload unknown", setHeader("X-Amz-Content-Sha256", "SOMETHING"), auth.InvalidArgument},
		{"payload's digest too short", setHeader("X-Amz-Content-Sha256", "abcd"), auth.InvalidArgument},
		{"payload asymmetric", setHeader("X-Amz-Content-Sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"), auth.NotImplemented},
		{"payload twice", func(r *http.Request) { r.Header.Add("X-Amz-Content-Sha256", emptySHA256) }, auth.InvalidArgument},
		{"time", setHeader("X-Amz-Date", "20130524T000001Z"), auth.SignatureDoesNotMatch},
		{"time too old", setHeader("X-Amz-Date", "20130523T234459Z"), auth.RequestTimeTooSkewed},
		{"time too new", setHeader("X-Amz-Date", "20130524T001501Z"), auth.RequestTimeTooSkewed},
		{"time of another day", setHeader("X-Amz-Date", "20130523T235900Z"), auth.AuthorizationHeaderMalformed},
		{"time missing", func(r *http.Request) { r.Header.Del("X-Amz-Date") }, auth.AccessDenied},
		{"time malformed", setHeader("X-Amz-Date", "yesterday"), auth.AccessDenied},
		{"time with a fraction", setHeader("X-Amz-Date", "20130524T000000.5Z"), auth.AccessDenied},
		{"time twice", func(r *http.Request) { r.Header.Add("X-Amz-Date", "20130524T000000Z") }, auth.InvalidArgument},
		{"token", setHeader("X-Amz-Security-Token", "t"), auth.AccessDenied}, // not signed
		{"scope's date", replace("/20130524/", "/20130525/"), auth.AuthorizationHeaderMalformed},
		{"scope's region", replace("/us-east-1/", "/eu-west-1/"), auth.AuthorizationHeaderMalformed},
		{"scope's service", replace("/s3/", "/ec2/"), auth.AuthorizationHeaderMalformed},
		{"scope's end", replace("/aws4_request", "/aws5_request"), auth.AuthorizationHeaderMalformed},
		{"scope too short", replace("/s3/aws4_request", "/aws4_request"), auth.AuthorizationHeaderMalformed},
		{"no access key", replace(accessKey, ""), auth.AuthorizationHeaderMalformed},
		{"access key", replace(accessKey, "AKIAOTHER"), auth.InvalidAccessKeyID},
		{"signature", replace("Signature=", "Signature="+strings.Repeat("0", 64)+",Sig="), auth.AuthorizationHeaderMalformed},
		{"signature too short", replace("Signature=", "Signature=00,"), auth.AuthorizationHeaderMalformed},
		{"signature twice", replace("Signature=", "Signature="+strings.Repeat("0", 64)+",Signature="), auth.AuthorizationHeaderMalformed},
		{"host not signed", replace("SignedHeaders=host;", "SignedHeaders="), auth.AccessDenied},
		{"signed headers out of order", replace("SignedHeaders=host;", "SignedHeaders=x;host;"), auth.AuthorizationHeaderMalformed},
		{"signed headers in capitals", replace("SignedHeaders=host;", "SignedHeaders=Host;"), auth.AuthorizationHeaderMalformed},
		{"signed header twice", replace("SignedHeaders=host;", "SignedHeaders=host;host;"), auth.AuthorizationHeaderMalformed},
		{"field missing", replace("SignedHeaders=", "SignedHeader="), auth.AuthorizationHeaderMalformed},
		{"no fields", setHeader("Authorization", "AWS4-HMAC-SHA256"), auth.AuthorizationHeaderMalformed},
		{"empty", setHeader("Authorization", ""), auth.InvalidArgument},
		{"version 2", setHeader("Authorization", "AWS "+accessKey+":c2lnbmF0dXJl"), auth.InvalidRequest},
		{"asymmetric", replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), auth.InvalidRequest},
		{"Basic", func(r *http.Request) { r.SetBasicAuth(accessKey, secret) }, auth.InvalidArgument},
		{"header twice", func(r *http.Request) { r.Header.Add("Authorization", "x") }, auth.InvalidArgument},
		{"presigned too", addQuery("X-Amz-Signature=00"), auth.InvalidArgument},
		{"presigned by version 2 too", addQuery("AWSAccessKeyId=" + accessKey), auth.InvalidArgument},
	}...) {
		t.Run(tt.name, func(t *testing.T) {
			r := newRequest(t, "PUT", "http://host/bucket/a/b?prefix=a&max-keys=2", nil)
			r.Header.Set("X-Amz-Meta-A", "1")
			r.Header.Set("X-Amz-Content-Sha256", emptySHA256)
			auth.Sign(r, accessKey, secret, region, docTime)
			r = wire(t, r)
			tt.alter(r)
			a, err := verifier(docTime).Verify(r, "")
			if got := code(t, err); got != tt.code {
				t.Errorf("Verify = %v, %v, want %s", a, err, tt.code)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
}

func TestPresignedRefused(t *testing.T) {
	for _, tt := range append(everywhere, []alteration{
		{"nothing", func(*http.Request) {}, ""},
		{"host", func(r *http.Request) { r.Host = "other" }, auth.SignatureDoesNotMatch},
		{"parameter more", addQuery("acl"), auth.SignatureDoesNotMatch},
		{"hoisted header", addQuery("X-Amz-Acl=public-read"), auth.SignatureDoesNotMatch},
		{"header that is not signed", setHeader("X-Amz-Acl", "public-read"), auth.AccessDenied},
		{"payload's digest", addQuery("X-Amz-Content-Sha256=" + emptySHA256), auth.SignatureDoesNotMatch},
		{"payload of signed chunks", addQuery("x-amz-content-sha256=STREAMING-X"), auth.InvalidArgument},
		{"token", addQuery("X-Amz-Security-Token=t"), auth.InvalidToken},
		{"token in lower case", addQuery("x-amz-security-token=t"), auth.InvalidToken},
		{"signature", replaceQuery("X-Amz-Signature=", "X-Amz-Signature=0"), auth.AuthorizationQueryParametersError},
		{"signature twice", addQuery("X-Amz-Signature=00"), auth.AuthorizationQueryParametersError},
		{"signature missing", replaceQuery("X-Amz-Signature=", "x="), auth.AuthorizationQueryParametersError},
		{"algorithm", replaceQuery("AWS4-HMAC", "AWS5-HMAC"), auth.AuthorizationQueryParametersError},
		{"time", replaceQuery("T000000Z", "T000001Z"), auth.SignatureDoesNotMatch},
		{"time malformed", replaceQuery("20130524T000000Z", "1369353600"), auth.AuthorizationQueryParametersError},
		{"lives longer", replaceQuery("X-Amz-Expires=60", "X-Amz-Expires=61"), auth.SignatureDoesNotMatch},
		{"lives too long", replaceQuery("X-Amz-Expires=60", "X-Amz-Expires=604801"), auth.AuthorizationQueryParametersError},
		{"does not live", replaceQuery("X-Amz-Expires=60", "X-Amz-Expires=0"), auth.AuthorizationQueryParametersError},
		{"lives backwards", replaceQuery("X-Amz-Expires=60", "X-Amz-Expires=-1"), auth.AuthorizationQueryParametersError},
		{"life is no number", replaceQuery("X-Amz-Expires=60", "X-Amz-Expires=x"), auth.AuthorizationQueryParametersError},
		{"host not signed", replaceQuery("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders=x"), auth.AccessDenied},
		{"scope's region", replaceQuery("us-east-1", "eu-west-1"), auth.AuthorizationQueryParametersError},
		{"access key", replaceQuery(accessKey, "AKIAOTHER"), auth.InvalidAccessKeyID},
		{"Authorization too", setHeader("Authorization", "x"), auth.InvalidArgument},
		{"version 2 too", addQuery("Signature=x"), auth.InvalidArgument},
	}...) {
		t.Run(tt.name, func(t *testing.T) {
			r := wire(t, awsPresign(t, newRequest(t, "GET", "http://host/bucket/a/b", nil), docTime))
			tt.alter(r)
			a, err := verifier(docTime).Verify(r, "")
			if got := code(t, err); got != tt.code {
				t.Errorf("Verify = %v, %v, want %s", a, err, tt.code)
			}
		})
	}
}

// TestPresignedLife is from when to when a URL signed for 60 seconds is good.
func TestPresignedLife(t *testing.T) {
	r := wire(t, awsPresign(t, newRequest(t, "GET", "http://host/bucket/a/b", nil), docTime))
	for _, tt := range []struct {
		after time.Duration
		code  string
	}{
		{-15*time.Minute - time.Second, auth.AccessDenied},
		{-15 * time.Minute, ""},
		{60 * time.Second, ""},
		{61 * time.Second, auth.AccessDenied},
	} {
		if _, err := verifier(docTime.Add(tt.after)).Verify(r, ""); code(t, err) != tt.code {
			t.Errorf("%v after it was signed: %v, want %q", tt.after, err, tt.code)
		}
	}
}

// TestSkew is how far the clocks may differ.
func TestSkew(t *testing.T) {
	r := newRequest(t, "GET", "http://host/bucket", nil)
	auth.Sign(r, accessKey, secret, region, docTime)
	for _, tt := range []struct {
		after time.Duration
		code  string
	}{
		{15 * time.Minute, ""}, {-15 * time.Minute, ""},
		{15*time.Minute + time.Second, auth.RequestTimeTooSkewed}, {-15*time.Minute - time.Second, auth.RequestTimeTooSkewed},
	} {
		if _, err := verifier(docTime.Add(tt.after)).Verify(r, ""); code(t, err) != tt.code {
			t.Errorf("%v after it was signed: %v, want %q", tt.after, err, tt.code)
		}
	}
}

// A client that signs for another region is told the right one.
func TestRegion(t *testing.T) {
	v := verifier(docTime)
	v.Region = "eu-west-1"
	r := newRequest(t, "GET", "http://host/bucket", nil)
	auth.Sign(r, accessKey, secret, "us-east-1", docTime)
	_, err := v.Verify(r, "")
	if e, ok := err.(*auth.Error); !ok || e.Code != auth.AuthorizationHeaderMalformed || e.Region != "eu-west-1" ||
		!strings.Contains(e.Message, "'us-east-1' is wrong; expecting 'eu-west-1'") {
		t.Errorf("Verify = %v", err)
	}
	auth.Sign(r, accessKey, secret, "eu-west-1", docTime)
	mustVerify(t, v, r)
}

// The header Date serves where there is no x-amz-date.
func TestDateHeader(t *testing.T) {
	for _, date := range []string{"Fri, 24 May 2013 00:00:00 GMT", "20130524T000000Z"} {
		r := newRequest(t, "GET", "http://host/bucket", nil)
		auth.Sign(r, accessKey, secret, region, docTime)
		r.Header.Del("X-Amz-Date")
		r.Header.Set("Date", date)
		// Signed anew over the headers that are left, by the published key.
		signed := awsSignature(t, r, "host;x-amz-content-sha256")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+accessKey+"/20130524/us-east-1/s3/aws4_request, "+
			"SignedHeaders=host;x-amz-content-sha256, Signature="+signed)
		mustVerify(t, verifier(docTime), r)
	}
}

func TestVerifyBasic(t *testing.T) {
	v := verifier(docTime)
	for _, tt := range []struct {
		user, password string
		ok             bool
	}{
		{accessKey, secret, true}, {accessKey, secret + "x", false}, {accessKey, "", false},
		{"other", secret, false}, {"", "", false}, {"other", strings.Repeat("x", 40), false},
	} {
		who, err := v.VerifyBasic(t.Context(), tt.user, tt.password)
		if (err == nil) != tt.ok || tt.ok && who.AccessKey != accessKey {
			t.Errorf("VerifyBasic(t.Context(), %q, %q) = %v, %v", tt.user, tt.password, who, err)
		}
	}
}

// The stand-in for the secret of an unknown key must not open anything.
func TestUnknownKey(t *testing.T) {
	r := newRequest(t, "GET", "http://host/bucket", nil)
	auth.Sign(r, "AKIAOTHER", strings.Repeat("x", 40), region, docTime)
	if _, err := verifier(docTime).Verify(r, ""); code(t, err) != auth.InvalidAccessKeyID {
		t.Errorf("Verify = %v", err)
	}
	empty := auth.Verifier{Keys: auth.Static{"AKIAEMPTY": ""}, Now: verifier(docTime).Now}
	auth.Sign(r, "AKIAEMPTY", "", region, docTime)
	if _, err := empty.Verify(r, ""); code(t, err) != auth.InvalidAccessKeyID {
		t.Errorf("Verify with an empty secret = %v", err)
	}
}
