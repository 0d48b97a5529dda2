package s3api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"

	"aetherfs/backend"
)

// pieces holds the buffers in which files are sent.
var pieces = sync.Pool{New: func() any { return new([copyBytes]byte) }}

// getObject answers GET and HEAD. They differ in nothing but the body.
func (q *request) getObject() error {
	if err := q.checkVersion(); err != nil {
		return err
	}
	cond, err := readCond(q.header, "")
	if err != nil {
		return err
	}
	file, err := q.tree.Open(q.ctx, q.path)
	if err != nil {
		return err
	}
	h := q.w.Header()
	writeInfo(h, file.Info)
	if err := cond.Check(file.Info.ETag, file.Info.Modified); err != nil {
		return err
	}
	want, part, err := q.pick(file.Info)
	if err != nil {
		return err
	}
	q.describe(file.Info, want, part)
	status := http.StatusOK
	if want.part {
		status = http.StatusPartialContent
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", want.off, want.off+want.n-1, file.Info.Size))
	}
	h.Set("Content-Length", strconv.FormatInt(want.n, 10))
	if q.r.Method == http.MethodHead || want.n == 0 {
		q.w.WriteHeader(status)
		return nil
	}
	return q.stream(file, want, status)
}

// describe sets the headers that depend on the request.
func (q *request) describe(info backend.Info, want span, part *backend.Part) {
	h := q.w.Header()
	if n := len(info.Attr.Tags); n > 0 {
		h.Set("x-amz-tagging-count", strconv.Itoa(n))
	}
	if q.query.Has("partNumber") && len(info.Parts) > 0 {
		h.Set("x-amz-mp-parts-count", strconv.Itoa(len(info.Parts)))
	}
	if q.header.Get("X-Amz-Checksum-Mode") == "ENABLED" {
		switch {
		case part != nil:
			writeChecksums(h, part.Checksums)
		case want.n == info.Size:
			writeChecksums(h, info.Attr.Checksums)
		}
	}
	for query, name := range map[string]string{
		"response-content-type":        "Content-Type",
		"response-content-language":    "Content-Language",
		"response-expires":             "Expires",
		"response-cache-control":       "Cache-Control",
		"response-content-disposition": "Content-Disposition",
		"response-content-encoding":    "Content-Encoding",
	} {
		if v := q.query.Get(query); v != "" {
			h.Set(name, v)
		}
	}
}

// stream sends bytes of a file. The first piece is read, and with that
// verified, before the headers go out: what fails there gets a proper answer.
func (q *request) stream(file *backend.File, want span, status int) error {
	piece := pieces.Get().(*[copyBytes]byte)
	defer pieces.Put(piece)
	body := file.Stream(want.off, want.n)
	defer body.Close()

	for left := want.n; left > 0; {
		n, err := io.ReadAtLeast(body, piece[:min(left, copyBytes)], 1)
		if err != nil {
			return short(err)
		}
		if q.w.status == 0 {
			q.w.WriteHeader(status)
		}
		if _, err := q.w.Write(piece[:n]); err != nil {
			return err
		}
		left -= int64(n)
	}
	return nil
}

// short makes damage of a file that ends before its length.
func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("file ends early: %w", backend.ErrCorrupt)
	}
	return err
}
