package auth_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"aetherfs/internal/auth"
)

// TestRefusedIsNotKept: whoever has no key cannot fill the memory: nothing of
// what they sent stays, whatever days they name.
func TestRefusedIsNotKept(t *testing.T) {
	const forms, nameBytes = 200, 1 << 20
	v := verifier(docTime)
	before := heap()
	for day := range forms {
		fields := policyFields(policyText(onlyBucket))
		date := fmt.Sprintf("%d0101", 1900+day)
		fields["x-amz-date"] = date + "T000000Z"
		fields["x-amz-credential"] = strings.Repeat("k", nameBytes) + "/" + date + "/us-east-1/s3/aws4_request"
		_, err := v.VerifyPost(context.Background(), auth.Form{Bucket: "photos", Fields: fields})
		if got := code(t, err); got != auth.InvalidAccessKeyID {
			t.Fatalf("VerifyPost: %q, want %q", got, auth.InvalidAccessKeyID)
		}
	}
	if kept := heap() - before; kept > forms*nameBytes/10 {
		t.Errorf("%d bytes are kept of %d", kept, forms*nameBytes)
	}
	runtime.KeepAlive(v)
}

// heap is the bytes that are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// changing has one key, of a secret that changes.
type changing struct{ secret string }

func (c *changing) Key(_ context.Context, _ string) (auth.Key, error) {
	if c.secret == "" {
		return auth.Key{}, auth.ErrNoKey
	}
	return auth.Key{Secret: c.secret}, nil
}

// TestSecretChanges: what was derived from a secret counts for it alone, and for
// no key that is gone.
func TestSecretChanges(t *testing.T) {
	keys := &changing{}
	v := verifier(docTime)
	v.Keys = keys
	for _, tt := range []struct{ has, signed, code string }{
		{"first secret", "first secret", ""},
		{"second secret", "first secret", auth.SignatureDoesNotMatch},
		{"second secret", "second secret", ""},
		{"", "second secret", auth.InvalidAccessKeyID},
		{"first secret", "second secret", auth.SignatureDoesNotMatch},
		{"first secret", "first secret", ""},
	} {
		keys.secret = tt.has
		r := newRequest(t, "GET", "http://host/bucket/key", nil)
		auth.Sign(r, accessKey, tt.signed, region, docTime)
		if _, err := v.Verify(r, ""); code(t, err) != tt.code {
			t.Errorf("key with %q, signed with %q: %v, want %q", tt.has, tt.signed, err, tt.code)
		}
	}
}
