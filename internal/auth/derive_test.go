package auth_test

import (
	"bytes"
	"testing"

	"aetherfs/internal/auth"
)

func TestDerive(t *testing.T) {
	derive := func(secret, repository, purpose string) []byte {
		t.Helper()
		key, err := auth.Derive(secret, []byte(repository), purpose)
		if err != nil || len(key) != 32 {
			t.Fatalf("Derive(%q, %q, %q) = %x, %v, want 32 bytes", secret, repository, purpose, key, err)
		}
		return key
	}
	key := derive("owner's secret", "repository", "purpose 1")
	if again := derive("owner's secret", "repository", "purpose 1"); !bytes.Equal(key, again) {
		t.Errorf("Derive returned %x and then %x", key, again)
	}
	for _, other := range [][3]string{
		{"another's secret", "repository", "purpose 1"}, {"owner's secret", "another", "purpose 1"}, {"owner's secret", "repository", "purpose 2"},
	} {
		if got := derive(other[0], other[1], other[2]); bytes.Equal(got, key) {
			t.Errorf("Derive(%q) = %x, the same as of another", other, got)
		}
	}
}
