package backend

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"aetherfs/internal/manifest"
)

// MaxKeyBytes is the longest key, tag and '/' included. S3's limit.
const MaxKeyBytes = 1024

// Path names a file: in dataset, in tag, by name. Front ends make one by
// ParsePath alone, so that a Path always holds a valid key.
//
// The root tag has the empty name and holds the keys that have no '/' or begin
// with one, whole. Joining is therefore the exact inverse of parsing: every
// key is one Path and every Path is one key.
type Path struct{ Dataset, Tag, Name string }

// ParsePath splits an S3 key at its first '/'. It returns ErrInvalidKey for a
// key that is empty or not UTF-8, and ErrKeyTooLong beyond MaxKeyBytes.
func ParsePath(dataset, key string) (Path, error) {
	switch {
	case key == "":
		return Path{}, fmt.Errorf("key is empty: %w", ErrInvalidKey)
	case len(key) > MaxKeyBytes:
		return Path{}, fmt.Errorf("key of %d bytes, the most is %d: %w", len(key), MaxKeyBytes, ErrKeyTooLong)
	case !utf8.ValidString(key):
		return Path{}, fmt.Errorf("key %q is not UTF-8: %w", key, ErrInvalidKey)
	}
	if tag, name, ok := strings.Cut(key, "/"); ok && tag != "" {
		return Path{dataset, tag, name}, nil
	}
	return Path{dataset, "", key}, nil
}

// Key is the S3 key of p.
func (p Path) Key() string { return manifest.KeyOf(p.Tag, p.Name) }

func (p Path) String() string { return p.Dataset + "/" + p.Key() }
