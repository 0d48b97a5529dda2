package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeCertificate writes a new certificate for 127.0.0.1, which is its own
// authority, and its key. Two with names of one length have files of about one
// size, so that a change has to be seen by more than that.
func writeCertificate(t *testing.T, certFile, keyFile, name string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
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
	writeFile(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	writeFile(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})))
	pool := x509.NewCertPool()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(cert)
	return pool
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCertificateFollowsItsFiles(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	now := time.Unix(1e9, 0)
	var logged bytes.Buffer
	writeCertificate(t, certFile, keyFile, "first")
	cert, err := loadCertificate(certFile, keyFile, slog.New(slog.NewTextHandler(&logged, nil)), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	expect := func(when, want string) {
		t.Helper()
		pair, err := cert.get(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		if got := pair.Leaf.Subject.CommonName; got != want {
			t.Errorf("%s the certificate is %s, want %s", when, got, want)
		}
	}
	expect("at first", "first")

	writeCertificate(t, certFile, keyFile, "other")
	expect("before the files are looked at again", "first")
	now = now.Add(certCheck)
	expect("after a change", "other")

	writeFile(t, keyFile, "no key")
	now = now.Add(certCheck)
	expect("with a key that does not load", "other")
	now = now.Add(certCheck)
	expect("with a key that still does not load", "other")
	if n := strings.Count(logged.String(), "level=ERROR"); n != 1 {
		t.Errorf("%d errors were logged for one change, want 1:\n%s", n, &logged)
	}

	if err := os.Remove(certFile); err != nil {
		t.Fatal(err)
	}
	now = now.Add(certCheck)
	expect("without its files", "other")

	writeCertificate(t, certFile, keyFile, "third")
	now = now.Add(certCheck)
	expect("after the repair", "third")
}

func TestCertificateMustLoadAtFirst(t *testing.T) {
	_, err := loadCertificate("/does/not/exist", "/nor/this", slog.New(slog.DiscardHandler), time.Now)
	if err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Errorf("error %v, want one that names the file", err)
	}
}
