package auth

import (
	"fmt"
	"io"
)

// Identity is who made a request.
type Identity struct{ AccessKey string }

// Keys knows the secrets. It may be used by many goroutines.
type Keys interface {
	// Secret returns the secret of an access key, and whether there is one.
	Secret(accessKey string) (secret string, ok bool)
}

// Static is keys that do not change: secrets by access key.
type Static map[string]string

// Secret implements Keys.
func (s Static) Secret(accessKey string) (string, bool) {
	secret, ok := s[accessKey]
	return secret, ok && secret != ""
}

// Lengths of minted keys, those of AWS: some clients allow no others.
const (
	accessKeyChars = 20
	secretChars    = 40
)

// Alphabets of minted keys: neither needs quoting in a shell, a URL or YAML.
const (
	accessKeyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	secretAlphabet    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

// Mint makes a new access key of 100 random bits and a secret of 240, read
// from random, which is crypto/rand's Reader outside of tests.
func Mint(random io.Reader) (accessKey, secret string, err error) {
	buf := make([]byte, accessKeyChars+secretChars)
	if _, err := io.ReadFull(random, buf); err != nil {
		return "", "", fmt.Errorf("mint a key: %w", err)
	}
	return spell(buf[:accessKeyChars], accessKeyAlphabet), spell(buf[accessKeyChars:], secretAlphabet), nil
}

// spell replaces each byte by a letter. The alphabets' lengths divide 256, so
// that every letter is equally likely.
func spell(random []byte, alphabet string) string {
	for i, b := range random {
		random[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(random)
}
