package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certCheck is how often, at most, the files of a certificate are looked at.
const certCheck = 10 * time.Second

// certificate is a TLS certificate that follows its files: a handshake that
// finds them changed loads them. A pair that does not load is logged once and
// the one before it stays, so that a renewal in progress cuts nobody off.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu      sync.Mutex
	pair    *tls.Certificate // guarded by mu
	stamp   string           // of the files that were tried last; guarded by mu
	checked time.Time        // guarded by mu
}

// loadCertificate loads a certificate for the first time, when it must be good.
func loadCertificate(certFile, keyFile string, log *slog.Logger, now func() time.Time) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log, now: now}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("load TLS certificate %s with key %s: %w", certFile, keyFile, err)
	}
	c.pair, c.stamp, c.checked = &pair, c.look(), now()
	return c, nil
}

// get is for tls.Config.GetCertificate.
func (c *certificate) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.checked) >= certCheck {
		c.checked = now
		c.reload(hello.Context())
	}
	return c.pair, nil
}

// reload is called with mu held: the files are small and local, and one
// handshake in certCheck looks at them.
func (c *certificate) reload(ctx context.Context) {
	stamp := c.look()
	if stamp == c.stamp {
		return
	}
	c.stamp = stamp
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		c.log.ErrorContext(ctx, "keeping the TLS certificate, as the new one does not load", "file", c.certFile, "error", err)
		return
	}
	c.pair = &pair
	c.log.InfoContext(ctx, "TLS certificate loaded again", "file", c.certFile, "expires", pair.Leaf.NotAfter)
}

// look describes the files well enough to see a change.
func (c *certificate) look() string {
	var stamp string
	for _, file := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(file)
		if err != nil {
			stamp += err.Error()
			continue
		}
		stamp += fmt.Sprint(info.ModTime().UnixNano(), info.Size(), " ")
	}
	return stamp
}
