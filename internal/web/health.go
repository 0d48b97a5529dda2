package web

import (
	"context"
	"io"
	"net/http"
	"time"
)

// healthTimeout is below the one second that Kubernetes waits for a probe, so
// that a store that hangs is told as not ready.
const healthTimeout = 900 * time.Millisecond

// health answers 200 while check returns nil and else 503. What is wrong is for
// the log, not for anybody who asks.
func health(check func(context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
		defer cancel()
		if err := check(ctx); err != nil {
			note(r, err)
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "unavailable\n")
			return
		}
		io.WriteString(w, "ok\n")
	})
}
