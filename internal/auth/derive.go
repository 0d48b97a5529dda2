package auth

import (
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
)

// derivedBytes is the length of what Derive returns.
const derivedBytes = 32

// Derive returns a key for one purpose, which every gateway of a repository
// derives alike and nobody without the owner's secret: HKDF-SHA256, with the id
// of the repository as salt. It ends with the owner's secret.
func Derive(ownerSecret string, repository []byte, purpose string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, []byte(ownerSecret), repository, purpose, derivedBytes)
	if err != nil {
		return nil, fmt.Errorf("derive the key for %s: %w", purpose, err)
	}
	return key, nil
}
