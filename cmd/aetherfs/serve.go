package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"aetherfs/internal/config"
)

const (
	// headerTimeout is for a client that opens a connection and dawdles.
	headerTimeout = 20 * time.Second
	// idleTimeout is longer than the pools of the common clients keep a
	// connection (60 to 90 s), so that they close first and none meets a reset.
	idleTimeout = 2 * time.Minute
	// maxHeaderBytes is eight times what S3 takes: 2 KiB of user metadata and
	// 6 KiB of the rest.
	maxHeaderBytes = 64 << 10
	// drainTimeout is how long requests that run when the gateway is told to
	// stop may go on. Below the 90 s after which systemd kills a service.
	drainTimeout = 60 * time.Second
)

// listen opens the address of c; over TLS if c has a certificate.
func listen(ctx context.Context, c *config.Config, log *slog.Logger) (net.Listener, error) {
	var l net.Listener
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, err
	}
	if c.TLSCert == "" {
		return l, nil
	}
	cert, err := loadCertificate(c.TLSCert, c.TLSKey, log, time.Now)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return tls.NewListener(l, &tls.Config{
		GetCertificate: cert.get,
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
	}), nil
}

// serve answers requests on l until ctx ends; then it takes no new ones, lets
// those that run finish within drain, and cuts off the rest.
func serve(ctx context.Context, l net.Listener, handler http.Handler, log *slog.Logger, drain time.Duration) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	log.Info("stopping: requests that run may finish", "within", drain)
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	err := server.Shutdown(patience)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("some requests did not finish and are cut off")
		err = server.Close()
	}
	return errors.Join(err, notClosed(<-failed))
}

// notClosed drops what Serve returns after Shutdown or Close.
func notClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
