package s3api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"aetherfs/backend"
)

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
	for name, values := range q.query {
		if header, ok := overridden[name]; ok && values[0] != "" {
			h.Set(header, values[0])
		}
	}
}

// overridden is the headers of an answer that a request may choose, by the
// parameter that does.
var overridden = map[string]string{
	"response-content-type":        "Content-Type",
	"response-content-language":    "Content-Language",
	"response-expires":             "Expires",
	"response-cache-control":       "Cache-Control",
	"response-content-disposition": "Content-Disposition",
	"response-content-encoding":    "Content-Encoding",
}

// stream sends bytes of a file. The first of them are read, and with that
// verified, before the headers go out: what fails there gets a proper answer.
func (q *request) stream(file *backend.File, want span, status int) error {
	body := file.Stream(want.off, want.n)
	defer body.Close()
	n, err := io.Copy(&sending{q.w, status}, body)
	if err == nil && n < want.n {
		err = io.ErrUnexpectedEOF
	}
	return short(err)
}

// sending sends the headers before the first bytes, and the bytes in pieces
// for each of which the client has time.
type sending struct {
	w      *response
	status int
}

func (s *sending) Write(p []byte) (int, error) {
	if s.w.status == 0 {
		s.w.WriteHeader(s.status)
	}
	sent := 0
	for sent < len(p) {
		n, err := s.w.Write(p[sent:min(sent+sendBytes, len(p))])
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// short makes damage of a file that ends before its length.
func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("file ends early: %w", backend.ErrCorrupt)
	}
	return err
}
