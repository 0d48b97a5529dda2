package s3api

import (
	"bytes"
	"encoding/xml"
	"net/http"
)

// shim takes the answer of gofakes3, which is short for every operation that
// it is given. Of its headers none is kept: they name a foreign server, let
// every web page in, and hold an ETag that may be wrong.
type shim struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (s *shim) Header() http.Header { return s.header }

func (s *shim) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
}

func (s *shim) Write(p []byte) (int, error) {
	s.WriteHeader(http.StatusOK)
	return s.body.Write(p)
}

// err is what gofakes3 refused by itself, if it did.
func (s *shim) err() error {
	if s.status < 300 {
		return nil
	}
	var doc struct{ Code, Message string }
	if xml.Unmarshal(s.body.Bytes(), &doc) != nil || statuses[doc.Code] == 0 {
		return fail("InternalError", "We encountered an internal error. Try again.")
	}
	if doc.Message == "" {
		doc.Message = doc.Code
	}
	return &Error{Code: doc.Code, Message: doc.Message}
}

// send passes the answer on.
func (s *shim) send(q *request) error {
	if s.status == 0 {
		s.status = http.StatusOK
	}
	if s.body.Len() == 0 {
		return q.sendEmpty(s.status)
	}
	return q.sendXML(s.status, s.body.Bytes())
}
