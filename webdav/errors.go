package webdav

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	dav "golang.org/x/net/webdav"

	"aetherfs/backend"
	"aetherfs/internal/incoming"
)

// refusal is an answer that is decided here: a status with a text for people.
type refusal struct {
	status int
	text   string
}

func (e *refusal) Error() string { return e.text }

func refuse(status int, text string) error { return &refusal{status, text} }

var (
	errNobody = refuse(http.StatusUnauthorized, "an access key and its secret are needed")
	errLocked = refuse(dav.StatusLocked, "it is locked, and no token of the lock was sent")
	errIf     = refuse(http.StatusPreconditionFailed, "the If header does not hold")
	errTooBig = refuse(http.StatusRequestEntityTooLarge, "the body is too large")
)

// answers translates backend.Errors.
var answers = []struct {
	err    error
	status int
	text   string
}{
	{backend.ErrNoDataset, http.StatusNotFound, "there is no such dataset"},
	{backend.ErrNotFound, http.StatusNotFound, "nothing is here"},
	{backend.ErrNoUpload, http.StatusNotFound, "there is no such upload"},
	{backend.ErrExists, http.StatusMethodNotAllowed, "it exists already"},
	{backend.ErrNotEmpty, http.StatusConflict, "the dataset is not empty"},
	{backend.ErrPrecondition, http.StatusPreconditionFailed, "a condition does not hold"},
	{backend.ErrNotModified, http.StatusPreconditionFailed, "a condition does not hold"},
	{backend.ErrInvalidKey, http.StatusBadRequest, "no file can have that name"},
	{backend.ErrKeyTooLong, http.StatusRequestURITooLong, "the name is longer than " + strconv.Itoa(backend.MaxKeyBytes) + " bytes"},
	{backend.ErrTooLarge, http.StatusRequestEntityTooLarge, "it is too large"},
	{backend.ErrRange, http.StatusRequestedRangeNotSatisfiable, "the range is beyond the end"},
	{backend.ErrInvalidPart, http.StatusBadRequest, "a part is not as it was uploaded"},
	{backend.ErrPartOrder, http.StatusBadRequest, "parts are out of order"},
	{backend.ErrPartTooSmall, http.StatusBadRequest, "a part is too small"},
	{backend.ErrBadDigest, http.StatusBadRequest, "the checksum is not that of the body"},
	{backend.ErrInvalidSettings, http.StatusBadRequest, "the settings are not valid"},
	{backend.ErrDenied, http.StatusForbidden, "it is not allowed"},
	{backend.ErrChanged, http.StatusServiceUnavailable, "the source was replaced meanwhile: try again"},
	{backend.ErrUnavailable, http.StatusServiceUnavailable, "the store cannot be reached, and the outcome is unknown: try again"},
	{backend.ErrNoSpace, dav.StatusInsufficientStorage, "the store is full"},
	{backend.ErrReadOnly, http.StatusForbidden, "the store is opened for reading only"},
	{backend.ErrCorrupt, http.StatusInternalServerError, "the stored data is damaged"},
}

// translate says err in the words of HTTP.
func translate(err error) *refusal {
	var r *refusal
	if errors.As(err, &r) {
		return r
	}
	if errors.Is(err, backend.ErrInvalidName) {
		return &refusal{http.StatusForbidden, err.Error()} // with the rule that is broken
	}
	for _, a := range answers {
		if errors.Is(err, a.err) {
			return &refusal{a.status, a.text}
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &refusal{http.StatusRequestEntityTooLarge, "the body is too large"}
	case errors.Is(err, context.Canceled), errors.Is(err, incoming.ErrLate):
		return &refusal{http.StatusRequestTimeout, "the body did not arrive in time"}
	}
	return &refusal{http.StatusInternalServerError, "an internal error: try again"}
}

// fail answers with an error, or breaks the connection when the answer has
// already begun: what came so far must not pass for the whole.
func (q *request) fail(err error) {
	if q.begun {
		q.Log.Warn("webdav", "method", q.r.Method, "path", q.r.URL.Path, "error", err)
		panic(http.ErrAbortHandler)
	}
	var named *precondition
	if errors.As(err, &named) {
		q.failPrecondition(named)
		return
	}
	answer := translate(err)
	h := q.w.Header()
	switch answer.status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Basic realm="AetherFS", charset="UTF-8"`)
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	case http.StatusInternalServerError:
		q.Log.Error("webdav", "method", q.r.Method, "path", q.r.URL.Path, "error", err)
	}
	if errors.Is(err, incoming.ErrLate) {
		h.Set("Connection", "close") // no use waiting for the rest of the body
	}
	http.Error(q.w, answer.text, answer.status)
}

// precondition is a refusal that WebDAV has a name for (RFC 4918, section 16).
type precondition struct {
	status int
	name   string
}

func (e *precondition) Error() string { return e.name }

func (q *request) failPrecondition(e *precondition) {
	q.w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	q.w.WriteHeader(e.status)
	fmt.Fprintf(q.w, "%s<D:error xmlns:D=\"DAV:\"><D:%s/></D:error>\n", xmlHead, e.name)
}
