package web

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// healthTimeout is below the one second that Kubernetes waits for a probe, so
// that a store that hangs is told as not ready.
const healthTimeout = 900 * time.Millisecond

// How long an answer of the store holds. Anybody may ask whether the gateway is
// ready, and requests to a store cost money.
const (
	readyFor   = 5 * time.Second
	unreadyFor = time.Second
)

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

func alive(context.Context) error { return nil }

// readiness is a check that is made once for all who ask at a time, and whose
// outcome holds for a while.
type readiness struct {
	check func(context.Context) error
	now   func() time.Time

	mu      sync.Mutex
	running chan struct{} // closed when the check has ended; nil: none runs; guarded by mu
	holds   time.Time     // until when err does; guarded by mu
	err     error         // guarded by mu
}

// ask returns the outcome, or that of ctx. The first to ask makes the check for
// all, and stays for healthTimeout at most even if its client leaves.
func (r *readiness) ask(ctx context.Context) error {
	r.mu.Lock()
	if r.now().Before(r.holds) {
		defer r.mu.Unlock()
		return r.err
	}
	running := r.running
	if running == nil {
		r.running = make(chan struct{})
		r.mu.Unlock()
		return r.run(ctx)
	}
	r.mu.Unlock()
	select {
	case <-running:
	case <-ctx.Done():
		return ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *readiness) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healthTimeout)
	defer cancel()
	err := r.check(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err, r.holds = err, r.now().Add(readyFor)
	if err != nil {
		r.holds = r.now().Add(unreadyFor)
	}
	close(r.running)
	r.running = nil
	return err
}
