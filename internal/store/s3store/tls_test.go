package s3store_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"aetherfs/internal/store"
)

// certify makes a certificate for 127.0.0.1 that is its own authority.
func certify(t *testing.T, name string) (pair tls.Certificate, certPEM, keyPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	if pair, err = tls.X509KeyPair(certPEM, keyPEM); err != nil {
		t.Fatal(err)
	}
	return pair, certPEM, keyPEM
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestCertificatesFollowTheirFiles: the authority and the client's certificate
// are loaded again once their files change; files that do not load change
// nothing.
func TestCertificatesFollowTheirFiles(t *testing.T) {
	var identity atomic.Pointer[tls.Certificate] // of the server
	var client atomic.Value                      // name of the last client
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client.Store(r.TLS.PeerCertificates[0].Subject.CommonName)
		refuse(w, 404, "NoSuchKey")
	}))
	server.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{ClientAuth: tls.RequireAnyClientCert, Certificates: []tls.Certificate{*identity.Load()}}, nil
	}}
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	first, firstPEM, _ := certify(t, "first server")
	identity.Store(&first)
	server.StartTLS()
	t.Cleanup(server.Close)

	dir := t.TempDir()
	var logged bytes.Buffer
	now := time.Unix(1e9, 0)
	o := options(server.URL)
	o.CA, o.ClientCert, o.ClientKey = filepath.Join(dir, "ca"), filepath.Join(dir, "cert"), filepath.Join(dir, "key")
	o.Now, o.Log = func() time.Time { return now }, slog.New(slog.NewTextHandler(&logged, nil))
	_, certPEM, keyPEM := certify(t, "first client")
	write(t, o.CA, firstPEM)
	write(t, o.ClientCert, certPEM)
	write(t, o.ClientKey, keyPEM)
	s := open(t, o)
	answered := func(when, by string) {
		t.Helper()
		_, _, err := s.Get(t.Context(), "k", store.Range{})
		if !errors.Is(err, store.ErrNotFound) || client.Load() != by {
			t.Errorf("%s: Get = %v, by %v, want an answer to %s", when, err, client.Load(), by)
		}
	}
	answered("at first", "first client")

	second, secondPEM, _ := certify(t, "second server")
	identity.Store(&second)
	server.CloseClientConnections()
	if _, _, err := s.Get(t.Context(), "k", store.Range{}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("Get from a server that nobody vouches for = %v", err)
	}
	_, certPEM, keyPEM = certify(t, "second client, by a longer name")
	write(t, o.CA, append(firstPEM, secondPEM...))
	write(t, o.ClientCert, certPEM)
	write(t, o.ClientKey, keyPEM)
	now = now.Add(time.Minute)
	answered("after a change", "second client, by a longer name")

	write(t, o.ClientKey, []byte("no key"))
	for range 3 {
		now = now.Add(time.Minute)
		answered("with a key that does not load", "second client, by a longer name")
	}
	if n := strings.Count(logged.String(), "level=ERROR"); n != 1 {
		t.Errorf("%d errors were logged for one change, want 1:\n%s", n, &logged)
	}
}
