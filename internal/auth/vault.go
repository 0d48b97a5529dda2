package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
)

// ErrSealed: a sealed secret that this vault cannot open. It was sealed under
// another owner's secret, for another repository or access key, or changed.
var ErrSealed = errors.New("made under another owner's secret")

// Vault seals the secrets of further keys, so that they can lie in the store:
// whoever reads the store learns none, and whoever writes to it can add none.
// It may be used by many goroutines.
//
//	sealed := version 1, nonce (12 bytes), AES-256-GCM of the secret
//
// The access key is the additional data. The key of the cipher is derived from
// the owner's secret, see Derive.
// A random nonce is good for 2^32 keys under one owner (NIST SP 800-38D).
type Vault struct{ aead cipher.AEAD }

// The parts of what is sealed.
const (
	sealedVersion = 1
	sealedHead    = 1 + 12 // bytes: version and nonce
	sealedTail    = 16     // bytes: what authenticates it
)

// maxSecretChars is the longest secret that settings may have, too.
const maxSecretChars = 128

// sealedFor is what the derived key is good for.
const sealedFor = "aetherfs key 1"

// NewVault returns the vault of the owner of a repository.
func NewVault(ownerSecret string, repository []byte) (*Vault, error) {
	key, err := Derive(ownerSecret, repository, sealedFor)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("open the vault: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("open the vault: %w", err)
	}
	return &Vault{aead}, nil
}

// Seal seals the secret of an access key, with a nonce from random.
func (v *Vault) Seal(random io.Reader, accessKey, secret string) ([]byte, error) {
	sealed := make([]byte, sealedHead, sealedHead+len(secret)+sealedTail)
	sealed[0] = sealedVersion
	if _, err := io.ReadFull(random, sealed[1:]); err != nil {
		return nil, fmt.Errorf("seal a secret: %w", err)
	}
	return v.aead.Seal(sealed, sealed[1:], []byte(secret), []byte(accessKey)), nil
}

// Open returns the secret of an access key: ErrSealed.
func (v *Vault) Open(accessKey string, sealed []byte) (string, error) {
	n := len(sealed) - sealedHead - sealedTail
	if n < 1 || n > maxSecretChars || sealed[0] != sealedVersion {
		return "", ErrSealed
	}
	secret, err := v.aead.Open(nil, sealed[1:sealedHead], sealed[sealedHead:], []byte(accessKey))
	if err != nil {
		return "", ErrSealed
	}
	return string(secret), nil
}
