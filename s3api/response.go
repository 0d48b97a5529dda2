package s3api

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"aetherfs/internal/incoming"
)

// response counts what is sent, and gives up on a client that takes nothing
// for incoming.IdleTimeout.
type response struct {
	http.ResponseWriter
	control *http.ResponseController
	now     func() time.Time
	in      *incoming.Body // of the request that is answered
	status  int            // 0 until headers were sent
	n       int64          // bytes of the body
}

func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write may wait for the client to send too: net/http reads what nobody read
// of a request's body before the first bytes of an answer leave.
func (w *response) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.in.Await()
	_ = w.control.SetWriteDeadline(w.now().Add(incoming.IdleTimeout)) // a writer without deadlines is a test's
	n, err := w.ResponseWriter.Write(p)
	w.n += int64(n)
	return n, err
}

// end sends what is buffered and takes the deadline off the connection, which
// may serve more requests. net/http first reads on to the end of a request's
// body that is not long, and has no deadline of its own for that.
func (w *response) end() {
	w.in.Await() // net/http sets the next request's deadline
	_ = w.control.SetWriteDeadline(w.now().Add(2 * incoming.IdleTimeout))
	_ = w.control.Flush()
	_ = w.control.SetWriteDeadline(time.Time{})
}

// sendXML answers with a document.
func (q *request) sendXML(status int, doc []byte) error {
	h := q.w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(len(doc)))
	q.w.WriteHeader(status)
	if q.r.Method == http.MethodHead {
		return nil
	}
	_, err := q.w.Write(doc)
	return err
}

// sendEmpty answers without a body.
func (q *request) sendEmpty(status int) error {
	if status != http.StatusNoContent && status != http.StatusNotModified {
		q.w.Header().Set("Content-Length", "0")
	}
	q.w.WriteHeader(status)
	return nil
}

// writeError answers with e. What the client may not have sent yet of its body
// is not awaited: net/http closes the connection if it is long.
func (q *request) writeError(e *Error) {
	h := q.w.Header()
	for _, name := range []string{"ETag", "Last-Modified", "Content-Encoding", "Content-Range", "Cache-Control", "Accept-Ranges"} {
		if e.Code != "NotModified" && !(name == "Content-Range" && e.Code == "InvalidRange") {
			h.Del(name)
		}
	}
	for _, f := range e.Fields {
		if f.Name == "Region" {
			h.Set("x-amz-bucket-region", f.Value) // all that an answer to HEAD can say
		}
	}
	if errors.Is(e, incoming.ErrLate) {
		h.Set("Connection", "close") // no use waiting for the rest of the body
	}
	status := e.Status()
	if status == http.StatusNotModified || q.r.Method == http.MethodHead {
		h.Del("Content-Length")
		q.w.WriteHeader(status)
		return
	}
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	d := newDoc()
	d.open("Error")
	d.elem("Code", e.Code)
	d.elem("Message", e.Message)
	for _, f := range e.Fields {
		d.elem(f.Name, f.Value)
	}
	d.elem("Resource", q.resource())
	d.elem("RequestId", q.id)
	d.elem("HostId", q.id)
	d.close("Error")
	if err := q.sendXML(status, d.bytes()); err != nil && q.failure == nil {
		q.failure = err
	}
}
