package webdav

import (
	"io"
	"net/http"
	"strings"
)

// isSideFile reports whether a name is that of what a Mac leaves beside files:
// resource forks ("._name") and the looks of folders (".DS_Store").
func isSideFile(name string) bool {
	last := base(name)
	return strings.HasPrefix(last, "._") || last == ".DS_Store"
}

// dropped reports whether what is written under a name is thrown away, and
// nothing found there.
func (s *server) dropped(name string) bool { return !s.SideFiles && isSideFile(name) }

// maxDroppedBytes bounds how much of a side file is read to be thrown away:
// resource forks may hold pictures.
const maxDroppedBytes = 64 << 20

// drop answers as if a side file had been stored. Finder gives up copying a
// file whose side file is refused.
func (q *request) drop() error {
	n, err := io.Copy(io.Discard, io.LimitReader(q.r.Body, maxDroppedBytes+1))
	switch {
	case err != nil:
		return err
	case n > maxDroppedBytes:
		return errTooBig
	}
	return q.answered(http.StatusCreated)
}
