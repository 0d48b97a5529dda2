package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

// answer remembers what was answered, for the log.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
	err    error // that led to the answer, if there was one
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

type answerKey struct{}

// note adds to the log line of r why it was answered as it was.
func note(r *http.Request, err error) {
	if a, ok := r.Context().Value(answerKey{}).(*answer); ok {
		a.err = err
	}
}

// logged writes one line a request. Successful ones, most of which are probes,
// scrapes and the reads of file views, are worth it only when debugging.
func logged(log *slog.Logger, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		a := &answer{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(a, r.WithContext(context.WithValue(r.Context(), answerKey{}, a)))
		level := slog.LevelDebug
		if a.status >= 400 {
			level = slog.LevelInfo
		}
		attrs := []slog.Attr{
			slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.String("remote", r.RemoteAddr),
			slog.Int("status", a.status), slog.Int64("bytes", a.bytes), slog.Duration("took", time.Since(began)),
		}
		if a.err != nil {
			attrs = append(attrs, slog.Any("error", a.err))
		}
		log.LogAttrs(r.Context(), level, "web", attrs...)
	})
}
