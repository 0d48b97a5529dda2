package auth_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"testing"

	"aetherfs/internal/auth"
)

// The vault of the golden file.
const (
	goldenOwner  = "0123456789abcdef"
	goldenAccess = "AAAAAAAAAAAAAAAAAAAA"
	goldenSecret = "a-secret-of-40-characters-that-is-known!"
)

var goldenRepository = bytes.Repeat([]byte{0x5a}, 16)

func newVault(t testing.TB, owner string, repository []byte) *auth.Vault {
	t.Helper()
	v, err := auth.NewVault(owner, repository)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestSealedFormat: what once was sealed can be opened for ever.
func TestSealedFormat(t *testing.T) {
	const file = "testdata/sealed-1"
	v := newVault(t, goldenOwner, goldenRepository)
	got, err := v.Seal(bytes.NewReader([]byte("twelve bytes")), goldenAccess, goldenSecret)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("sealed %x, want %x of %s", got, want, file)
	}
	if secret, err := v.Open(goldenAccess, want); err != nil || secret != goldenSecret {
		t.Errorf("%s opens to %q, error %v", file, secret, err)
	}
}

// TestOnlyTheSameVaultOpens: not under another owner, nor for another
// repository or access key.
func TestOnlyTheSameVaultOpens(t *testing.T) {
	v := newVault(t, goldenOwner, goldenRepository)
	sealed, err := v.Seal(rand.Reader, goldenAccess, goldenSecret)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte(goldenSecret[:8])) {
		t.Errorf("the secret can be read in %q", sealed)
	}
	for name, open := range map[string]func() (string, error){
		"another owner": func() (string, error) {
			return newVault(t, goldenOwner+"x", goldenRepository).Open(goldenAccess, sealed)
		},
		"another repository": func() (string, error) {
			return newVault(t, goldenOwner, goldenRepository[1:]).Open(goldenAccess, sealed)
		},
		"another access key": func() (string, error) { return v.Open("B"+goldenAccess[1:], sealed) },
	} {
		if secret, err := open(); !errors.Is(err, auth.ErrSealed) || secret != "" {
			t.Errorf("%s: %q, error %v, want ErrSealed", name, secret, err)
		}
	}
}

func TestSealedNeverTwiceTheSame(t *testing.T) {
	v := newVault(t, goldenOwner, goldenRepository)
	seen := map[string]bool{}
	for range 1000 {
		sealed, err := v.Seal(rand.Reader, goldenAccess, goldenSecret)
		if err != nil || seen[string(sealed)] {
			t.Fatalf("sealed twice as %x, error %v", sealed, err)
		}
		seen[string(sealed)] = true
	}
	if _, err := v.Seal(strings.NewReader("eleven byte"), goldenAccess, goldenSecret); err == nil {
		t.Error("Seal was content with 11 random bytes")
	}
}

// TestNothingTamperedOpens flips each bit, cuts at each byte, and adds one.
func TestNothingTamperedOpens(t *testing.T) {
	v := newVault(t, goldenOwner, goldenRepository)
	sealed, err := v.Seal(rand.Reader, goldenAccess, goldenSecret)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, changed []byte) {
		t.Helper()
		if secret, err := v.Open(goldenAccess, changed); !errors.Is(err, auth.ErrSealed) || secret != "" {
			t.Errorf("%s: %q, error %v, want ErrSealed", what, secret, err)
		}
	}
	for i := range sealed {
		refused("cut", sealed[:i])
		for bit := range 8 {
			changed := bytes.Clone(sealed)
			changed[i] ^= 1 << bit
			refused("flipped", changed)
		}
	}
	refused("longer", append(bytes.Clone(sealed), 0))
	refused("much longer", make([]byte, 1<<20))
}

// FuzzOpen: nothing opens but what Seal made.
func FuzzOpen(f *testing.F) {
	v := newVault(f, goldenOwner, goldenRepository)
	good, err := v.Seal(rand.Reader, goldenAccess, goldenSecret)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte{1})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		secret, err := v.Open(goldenAccess, sealed)
		if err == nil && !bytes.Equal(sealed, good) {
			t.Errorf("%x opened to %q", sealed, secret)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	v := newVault(b, goldenOwner, goldenRepository)
	sealed, err := v.Seal(rand.Reader, goldenAccess, goldenSecret)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Open(goldenAccess, sealed); err != nil {
			b.Fatal(err)
		}
	}
}
