package s3api

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"aetherfs/backend"
)

// span is the part of a file that is asked for.
type span struct {
	off, n int64 // bytes
	part   bool  // not simply all of it: 206, with Content-Range
}

// pick returns the part of the file that the request asks for, by Range or
// by partNumber.
func (q *request) pick(info backend.Info) (span, *backend.Part, error) {
	whole := span{0, info.Size, false}
	if !q.query.Has("partNumber") {
		s, err := parseRange(q.rangeHeader(info), info.Size)
		if err != nil {
			q.w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", info.Size))
		}
		return s, nil, err
	}
	number, err := q.number("partNumber", 0, 1, backend.MaxParts+1)
	switch {
	case err != nil:
		return whole, nil, err
	case number == 0 || number > backend.MaxParts:
		return whole, nil, fail("InvalidArgument", "Part number must be an integer between 1 and %d.", backend.MaxParts)
	case q.header.Get("Range") != "":
		return whole, nil, fail("InvalidRequest", "Cannot specify both Range header and partNumber query parameter.")
	case len(info.Parts) == 0 && number == 1:
		return span{0, info.Size, info.Size > 0}, nil, nil
	case number > len(info.Parts):
		return whole, nil, fail("InvalidPartNumber", "The requested partnumber is not satisfiable.")
	}
	// Parts are counted as they stand in the file, whatever numbers they were
	// uploaded under.
	off := int64(0)
	for _, p := range info.Parts[:number-1] {
		off += p.Size
	}
	p := &info.Parts[number-1]
	return span{off, p.Size, p.Size > 0}, p, nil
}

// rangeHeader is the Range to obey: none if If-Range names another state. A date
// does not tell two files of one second apart, so that nobody is given the rest
// of a file by it.
func (q *request) rangeHeader(info backend.Info) string {
	if cond := q.header.Get("If-Range"); cond != "" && cond != quoted(info.ETag) {
		return ""
	}
	return q.header.Get("Range")
}

// parseRange reads a Range header as S3 does: what is malformed or names
// several ranges is ignored, and an end beyond the file is the file's.
func parseRange(header string, size int64) (span, error) {
	whole := span{0, size, false}
	spec, ok := strings.CutPrefix(header, "bytes=")
	from, to, dash := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok || !dash {
		return whole, nil
	}
	first, okFirst := digits(from)
	last, okLast := digits(to)
	switch {
	case from == "" && okLast: // that many bytes at the end
		first, last = size-min(last, size), size-1
	case okFirst && to == "":
		last = size - 1
	case !okFirst || !okLast || last < first:
		return whole, nil
	}
	if first >= size {
		return whole, &Error{
			Code: "InvalidRange", Message: "The requested range is not satisfiable.",
			Fields: []Field{{"RangeRequested", header}, {"ActualObjectSize", strconv.FormatInt(size, 10)}},
		}
	}
	last = min(last, size-1)
	return span{first, last - first + 1, true}, nil
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

// copyRange reads the range of an UploadPartCopy, of which S3 demands both
// ends. Without one the whole source is meant: n is -1.
func copyRange(h http.Header) (off, n int64, err error) {
	s := h.Get("X-Amz-Copy-Source-Range")
	if s == "" {
		return 0, -1, nil
	}
	spec, ok := strings.CutPrefix(s, "bytes=")
	from, to, dash := strings.Cut(spec, "-")
	first, okFirst := digits(from)
	last, okLast := digits(to)
	if !ok || !dash || !okFirst || !okLast || last < first || last-first == 1<<63-1 {
		return 0, 0, &Error{
			Code: "InvalidArgument", Message: "The x-amz-copy-source-range value must be of the form bytes=first-last.",
			Fields: []Field{{"ArgumentName", "x-amz-copy-source-range"}, {"ArgumentValue", s}},
		}
	}
	return first, last - first + 1, nil
}
