package webdav

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"aetherfs/backend"
)

// maxXMLBytes bounds the bodies that hold XML: what a client asks of
// properties or of a lock has some hundred bytes.
const maxXMLBytes = 64 << 10

// errCut ends an upload of which nothing is kept.
var errCut = refuse(http.StatusBadRequest, "the body is not as long as was announced")

// whole is a body that ends with errCut where the connection was cut.
type whole struct{ io.ReadCloser }

func (w whole) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errCut
	}
	return n, err
}

// limitXML bounds the request's body for XML.
func (q *request) limitXML() {
	q.r.Body = http.MaxBytesReader(q.w, q.r.Body, maxXMLBytes)
}

// upload is the body of a PUT. It ends with io.EOF only if it has the length
// that was announced.
type upload struct {
	io.Reader
	left int64 // bytes; negative if no length was announced
}

func (q *request) upload() (io.Reader, error) {
	size := q.r.ContentLength
	// Finder announces the length of what it sends in chunks in a header.
	if text := q.r.Header.Get("X-Expected-Entity-Length"); text != "" && size < 0 {
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return nil, refuse(http.StatusBadRequest, "X-Expected-Entity-Length is no length")
		}
		size = int64(n)
	}
	if size > backend.MaxFileBytes {
		return nil, errTooBig
	}
	if size < 0 {
		return q.r.Body, nil
	}
	return &upload{q.r.Body, size}, nil
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	u.left -= int64(n)
	if u.left < 0 || err == io.EOF && u.left > 0 { // readers return it bare
		return n, errCut
	}
	return n, err
}
