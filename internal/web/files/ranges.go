package files

import (
	"strconv"
	"strings"

	"aetherfs/backend"
)

// maxRanges bounds the ranges that one request is answered in. PDF viewers and
// the like ask for a few.
const maxRanges = 32

// span is a part of a file.
type span struct{ off, n int64 } // bytes

// parseRanges reads a Range header. nil: the whole file is the answer, as it is
// to what is malformed or in another unit, to more than maxRanges or more than
// the file, which is no way to read it, and of an empty file. ErrRange: the file
// has nothing of what is asked for.
func parseRanges(header string, size int64) ([]span, error) {
	list, ok := strings.CutPrefix(header, "bytes=")
	if !ok || size == 0 {
		return nil, nil
	}
	var spans []span
	var n, total int64
	for spec := range strings.SplitSeq(list, ",") {
		if spec = strings.Trim(spec, " \t"); spec == "" {
			continue
		}
		s, ok := parseRange(spec, size)
		if n++; !ok || n > maxRanges {
			return nil, nil
		}
		if s.n > 0 {
			spans = append(spans, s)
			total += s.n
		}
	}
	switch {
	case n == 0 || total > size:
		return nil, nil
	case len(spans) == 0:
		return nil, backend.ErrRange
	}
	return spans, nil
}

// parseRange reads one range. Its length is 0 if the file has nothing of it,
// and ok false if it is malformed.
func parseRange(spec string, size int64) (s span, ok bool) {
	from, to, dash := strings.Cut(spec, "-")
	first, okFirst := digits(from)
	last, okLast := digits(to)
	switch {
	case !dash || from == "" && !okLast:
		return s, false
	case from == "": // that many bytes at the end
		n := min(last, size)
		return span{size - n, n}, true
	case okFirst && to == "":
		last = size - 1
	case !okFirst || !okLast || last < first:
		return s, false
	}
	if first >= size {
		return s, true
	}
	return span{first, min(last, size-1) - first + 1}, true
}

// digits parses a number that has no sign. One that is too large is the
// largest.
func digits(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, _ := strconv.ParseInt(s, 10, 64) // out of range: the largest
	return n, true
}
