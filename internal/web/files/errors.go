package files

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"aetherfs/backend"
)

// failure is an answer that is not what was asked for.
type failure struct {
	status  int
	message string // for people; may name what the client sent, never what we hold
	err     error  // why, for the log
}

func (f *failure) Error() string {
	if f.err != nil {
		return f.message + ": " + f.err.Error()
	}
	return f.message
}

func (f *failure) Unwrap() error { return f.err }

// answers translates backend.Errors.
var answers = []struct {
	err     error
	status  int
	message string
}{
	{backend.ErrNoDataset, http.StatusNotFound, "there is no such dataset"},
	{backend.ErrNotFound, http.StatusNotFound, "there is no such file"},
	{backend.ErrNoUpload, http.StatusNotFound, "there is no such upload"},
	{backend.ErrExists, http.StatusConflict, "it exists"},
	{backend.ErrNotEmpty, http.StatusConflict, "it is not empty"},
	{backend.ErrPrecondition, http.StatusPreconditionFailed, "a condition does not hold"},
	{backend.ErrNotModified, http.StatusNotModified, ""},
	{backend.ErrInvalidName, http.StatusNotFound, "no dataset can have this name"},
	{backend.ErrInvalidKey, http.StatusNotFound, "no file can have this name"},
	{backend.ErrKeyTooLong, http.StatusNotFound, "no file can have so long a name"},
	{backend.ErrTooLarge, http.StatusRequestEntityTooLarge, "it is too large"},
	{backend.ErrRange, http.StatusRequestedRangeNotSatisfiable, "the file does not have this range"},
	{backend.ErrInvalidPart, http.StatusBadRequest, "there is no such part"},
	{backend.ErrPartOrder, http.StatusBadRequest, "the parts are not in order"},
	{backend.ErrPartTooSmall, http.StatusBadRequest, "a part is too small"},
	{backend.ErrBadDigest, http.StatusBadRequest, "a checksum does not match"},
	{backend.ErrDenied, http.StatusForbidden, "this key may not do that"},
	{backend.ErrChanged, http.StatusConflict, "it keeps changing"},
	{backend.ErrUnavailable, http.StatusServiceUnavailable, "the store cannot be reached: try again"},
	{backend.ErrNoSpace, http.StatusInsufficientStorage, "the store is full"},
	{backend.ErrReadOnly, http.StatusForbidden, "the store is opened for reading only"},
	{backend.ErrCorrupt, http.StatusInternalServerError, "the stored data is damaged"},
	{backend.ErrInvalidSettings, http.StatusBadRequest, "the settings make no sense"},
}

// translate makes a failure of any error.
func translate(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	for _, a := range answers {
		if errors.Is(err, a.err) {
			return &failure{a.status, a.message, err}
		}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &failure{http.StatusServiceUnavailable, "the request was given up", err}
	}
	return &failure{http.StatusInternalServerError, "internal error", err}
}

// describing are the headers of a file that an error has not, and telling those
// of them that a 304 has.
var (
	describing = []string{"Accept-Ranges", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length", "Content-Type"}
	telling    = []string{"Cache-Control", "ETag", "Last-Modified", "Vary"}
)

// fail answers with err. Once the status is out all that can be done is to break
// the connection, so that nobody takes what was sent for the whole.
func (q *request) fail(err error) {
	f := translate(err)
	q.log(f)
	if q.w.sent {
		panic(http.ErrAbortHandler)
	}
	h := q.w.Header()
	for _, name := range describing {
		h.Del(name)
	}
	if f.status == http.StatusNotModified {
		q.w.WriteHeader(f.status)
		return
	}
	for _, name := range telling {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if f.status != http.StatusRequestedRangeNotSatisfiable { // where it tells the length of the file
		h.Del("Content-Range")
	}
	switch f.status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Basic realm="AetherFS", charset="UTF-8"`)
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", "1")
	}
	q.sendText(f.status, "text/plain; charset=utf-8", []byte(f.message+"\n"))
}

// log tells what is not the client's doing.
func (q *request) log(f *failure) {
	ours := f.status >= 500 && q.r.Context().Err() == nil
	if ours || q.w.sent && q.r.Context().Err() == nil {
		q.h.o.Log.LogAttrs(q.r.Context(), slog.LevelWarn, "files",
			slog.String("path", q.r.URL.Path), slog.Int("status", f.status), slog.Any("error", f))
	}
}

// sendText answers with a body that is at hand.
func (q *request) sendText(status int, mediaType string, body []byte) {
	h := q.w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	q.w.WriteHeader(status)
	if q.r.Method != http.MethodHead {
		_, _ = q.w.Write(body) // nobody is left to be told
	}
}
