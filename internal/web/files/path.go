package files

import (
	"fmt"
	"net/url"
	"strings"

	"aetherfs/backend"
)

// place is what a path names: "" is the root. dir: it ends with '/', so that
// only a directory can be meant.
type place struct {
	name string
	dir  bool
}

// parsePath takes a path apart as it was sent. A segment means what it decodes
// to, and what cannot be the name of a file is ErrNotFound: an encoded slash, a
// backslash, which some clients take for one, and all that backend.CleanName
// refuses.
func parsePath(escaped, prefix string) (place, error) {
	rest, ok := strings.CutPrefix(escaped, prefix)
	if !ok {
		return place{}, noPlace(escaped)
	}
	if rest == "" {
		return place{dir: true}, nil
	}
	rest, dir := strings.CutSuffix(rest, "/")
	segments := strings.Split(rest, "/")
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil || decoded == "" || !reachable(decoded) {
			return place{}, noPlace(escaped)
		}
		segments[i] = decoded
	}
	name, err := backend.CleanName(strings.Join(segments, "/"))
	if err != nil {
		return place{}, fmt.Errorf("%w: %w", backend.ErrNotFound, err)
	}
	return place{name, dir}, nil
}

// reachable reports whether a path may hold a segment, of those that views
// show.
func reachable(segment string) bool { return !strings.ContainsAny(segment, `/\`) }

func noPlace(path string) error {
	return fmt.Errorf("path %q: %w", path, backend.ErrNotFound)
}
