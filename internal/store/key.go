package store

import (
	"fmt"
	"strings"
)

// MaxKeyBytes is the longest key: what any file system takes as one name.
const MaxKeyBytes = 255

// CheckKey returns ErrBadKey, with the reason, if key cannot name an object.
// Every Store refuses such a key before it does anything else.
func CheckKey(key string) error {
	if len(key) > MaxKeyBytes {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrBadKey, len(key), MaxKeyBytes)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if strings.Trim(segment, ".") == "" {
			return fmt.Errorf("%w %q: empty segment or one of dots", ErrBadKey, key)
		}
	}
	for i := range len(key) {
		if !keyByte(key[i]) {
			return fmt.Errorf("%w %q: byte %#02x at %d", ErrBadKey, key, key[i], i)
		}
	}
	return nil
}

func keyByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '/'
}
