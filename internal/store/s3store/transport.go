package s3store

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

const (
	// filesCheck is how often, at most, the files of certificates are looked at.
	filesCheck = 10 * time.Second
	// dialTimeout and handshakeTimeout let a request that meets a dead server
	// fail while its own time is not up.
	dialTimeout, handshakeTimeout = 10 * time.Second, 10 * time.Second
	// idleTimeout is below the 60 s after which common load balancers drop a
	// connection, so that a request seldom meets one that is just closing.
	idleTimeout = 30 * time.Second
)

// transport is an http.Transport that follows the files of its certificates:
// once they have changed, new requests get a new one. Files that do not load
// are logged once, and what they held before stays in use.
type transport struct {
	o Options

	mu      sync.Mutex
	current *http.Transport // guarded by mu
	stamp   string          // of the files that were tried last; guarded by mu
	checked time.Time       // guarded by mu
}

// newTransport loads the files for the first time, when they must be good.
func newTransport(o Options) (*transport, error) {
	t := &transport{o: o, stamp: look(o), checked: o.Now()}
	config, err := tlsConfig(o)
	if err != nil {
		return nil, err
	}
	t.current = connections(o, config)
	return t, nil
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.latest().RoundTrip(r)
}

// CloseIdleConnections closes the connections that no request uses.
func (t *transport) CloseIdleConnections() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current.CloseIdleConnections()
}

// latest is the transport for the files as they are. They are small and local,
// and one request in filesCheck looks at them.
func (t *transport) latest() *http.Transport {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.o.Now()
	if t.o.CA+t.o.ClientCert == "" || now.Sub(t.checked) < filesCheck {
		return t.current
	}
	t.checked = now
	stamp := look(t.o)
	if stamp == t.stamp {
		return t.current
	}
	t.stamp = stamp
	config, err := tlsConfig(t.o)
	if err != nil {
		t.o.Log.Error("keeping the certificates for the store, as the new ones do not load", "error", err)
		return t.current
	}
	t.o.Log.Info("certificates for the store loaded again", "ca", t.o.CA, "client-cert", t.o.ClientCert)
	t.current.CloseIdleConnections()
	t.current = connections(t.o, config)
	return t.current
}

// connections keeps as many connections as requests may be in flight; a
// request beyond that waits for one, within its own time.
func connections(o Options, config *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy:               o.Proxy,
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSClientConfig:     config, // given, so that HTTP/2 stays off: one connection a request
		TLSHandshakeTimeout: handshakeTimeout,
		MaxConnsPerHost:     o.Limit,
		MaxIdleConnsPerHost: o.Limit,
		IdleConnTimeout:     idleTimeout,
		DisableCompression:  true,
	}
}

func tlsConfig(o Options) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CA != "" {
		text, err := os.ReadFile(o.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate", o.CA)
		}
	}
	if o.ClientCert != "" {
		pair, err := tls.LoadX509KeyPair(o.ClientCert, o.ClientKey)
		if err != nil {
			return nil, fmt.Errorf("client certificate %s with key %s: %w", o.ClientCert, o.ClientKey, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// look describes the files well enough to see a change.
func look(o Options) string {
	var stamp string
	for _, file := range []string{o.CA, o.ClientCert, o.ClientKey} {
		if info, err := os.Stat(file); err == nil {
			stamp += fmt.Sprint(info.ModTime().UnixNano(), info.Size(), " ")
		}
	}
	return stamp
}
