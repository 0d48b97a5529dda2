package store

import (
	"fmt"
	"strings"
)

// MaxKeyBytes is the longest key: what any file system takes as one name.
const MaxKeyBytes = 255

// CheckKey returns an error that says why key cannot name an object, or nil.
// Every Store refuses such a key before it does anything else.
func CheckKey(key string) error {
	if len(key) > MaxKeyBytes {
		return fmt.Errorf("key of %d bytes: at most %d", len(key), MaxKeyBytes)
	}
	for segment := range strings.SplitSeq(key, "/") {
		if strings.Trim(segment, ".") == "" {
			return fmt.Errorf("key %q: empty segment or one of dots", key)
		}
	}
	for i := range len(key) {
		if !keyByte(key[i]) {
			return fmt.Errorf("key %q: byte %#02x at %d", key, key[i], i)
		}
	}
	return nil
}

func keyByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '/'
}
