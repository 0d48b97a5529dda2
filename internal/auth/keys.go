package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// What may be wrong with a key that somebody names.
var (
	ErrNoKey   = errors.New("there is no such key")
	ErrOwner   = errors.New("it is the owner's key")
	ErrTooMany = errors.New("there are too many keys")
)

// Identity is who made a request.
type Identity struct {
	AccessKey string
	Owner     bool // may manage keys
}

// Key is what is known of an access key.
type Key struct {
	Secret string
	Owner  bool // it is the owner's
}

// Keys knows the secrets. It may be used by many goroutines.
type Keys interface {
	// Key returns the key of an access key: ErrNoKey. After any other error it
	// is not known whether there is one.
	Key(ctx context.Context, accessKey string) (Key, error)
}

// Static is keys of owners that do not change: secrets by access key.
type Static map[string]string

// Key implements Keys.
func (s Static) Key(_ context.Context, accessKey string) (Key, error) {
	if s[accessKey] == "" {
		return Key{}, ErrNoKey
	}
	return Key{s[accessKey], true}, nil
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

// minted reports whether Mint may have made an access key.
func minted(accessKey string) bool {
	return len(accessKey) == accessKeyChars && strings.Trim(accessKey, accessKeyAlphabet) == ""
}

// spell replaces each byte by a letter. The alphabets' lengths divide 256, so
// that every letter is equally likely.
func spell(random []byte, alphabet string) string {
	for i, b := range random {
		random[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(random)
}
