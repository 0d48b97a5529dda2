package webdav

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"aetherfs/backend"
)

// idleTimeout ends a request of which for this long no byte moved, though one
// was awaited. That of the S3 front end.
const idleTimeout = 60 * time.Second

// maxXMLBytes bounds the bodies that hold XML: what a client asks of
// properties or of a lock has some hundred bytes.
const maxXMLBytes = 64 << 10

var errIdle = fmt.Errorf("nothing was sent for %v", idleTimeout)

// errCut ends an upload of which nothing is kept.
var errCut = refuse(http.StatusBadRequest, "the body is not as long as was announced")

// idleBody is a request's body that gives up on a client which sends none of it
// for idleTimeout.
type idleBody struct {
	io.ReadCloser
	control *http.ResponseController
	now     func() time.Time
}

func (b *idleBody) Read(p []byte) (int, error) {
	_ = b.control.SetReadDeadline(b.now().Add(idleTimeout)) // a reader without deadlines is a test's
	n, err := b.ReadCloser.Read(p)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, errIdle
	case errors.Is(err, io.ErrUnexpectedEOF):
		return n, errCut
	}
	return n, err
}

// watchBody puts deadlines on the request's body, and returns what is to be
// done when the answer is written: net/http reads on to the end of a body that
// is not long, and has no deadline of its own for that.
func (q *request) watchBody() (done func()) {
	control := http.NewResponseController(q.w)
	if q.r.Body == nil || q.r.Body == http.NoBody {
		return func() {}
	}
	q.r.Body = &idleBody{q.r.Body, control, q.Now}
	return func() { _ = control.SetReadDeadline(q.Now().Add(idleTimeout)) } // net/http sets the next request's
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
