package auth_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"aetherfs/internal/auth"
)

func TestMint(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		key, secret, err := auth.Mint(rand.Reader)
		if err != nil || len(key) != 20 || len(secret) != 40 || seen[key] || seen[secret] {
			t.Fatalf("Mint = %q, %q, %v", key, secret, err)
		}
		if i := strings.IndexFunc(key+secret, func(c rune) bool {
			return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_'
		}); i >= 0 {
			t.Fatalf("Mint = %q, %q: needs quoting", key, secret)
		}
		seen[key], seen[secret] = true, true
	}
	if _, _, err := auth.Mint(bytes.NewReader(make([]byte, 59))); err == nil {
		t.Error("Mint was content with 59 random bytes")
	}
}
