package files

import (
	"net/http"
	"time"

	"aetherfs/internal/incoming"
)

// response gives up on a client that takes nothing for incoming.IdleTimeout.
type response struct {
	http.ResponseWriter
	control *http.ResponseController
	now     func() time.Time
	sent    bool // the status is out
}

func (w *response) WriteHeader(status int) {
	w.sent = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	w.sent = true
	_ = w.control.SetWriteDeadline(w.now().Add(incoming.IdleTimeout)) // a writer without deadlines is a test's
	return w.ResponseWriter.Write(p)
}

// refuseBody keeps net/http from waiting long for what nobody will read.
func (w *response) refuseBody() {
	w.Header().Set("Connection", "close")
	_ = w.control.SetReadDeadline(w.now().Add(incoming.IdleTimeout))
}

// end sends what is buffered and takes the deadline off the connection, which
// may serve more requests.
func (w *response) end() {
	_ = w.control.SetWriteDeadline(w.now().Add(incoming.IdleTimeout))
	_ = w.control.Flush()
	_ = w.control.SetWriteDeadline(time.Time{})
}

// The policies of what is shown. Files are documents of no origin that load
// nothing but themselves, for the viewers that browsers have for pictures,
// sound and films.
const (
	filePolicy = "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	pagePolicy = "default-src 'none'; style-src '%s'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

// safe sets what every answer tells browsers.
func safe(h http.Header) {
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}
