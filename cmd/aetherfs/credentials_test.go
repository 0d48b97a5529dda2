package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"aetherfs/internal/config"
)

func TestKeysAreMadeOnce(t *testing.T) {
	c := &config.Config{Data: t.TempDir()}
	first, minted, err := credentials(c)
	if err != nil || !minted {
		t.Fatalf("first start: minted %t, error %v", minted, err)
	}
	if len(first.access) != 20 || len(first.secret) != 40 {
		t.Errorf("keys of %d and %d characters, want 20 and 40 as AWS has", len(first.access), len(first.secret))
	}
	again, minted, err := credentials(c)
	if err != nil || minted || again != first {
		t.Errorf("second start: the same keys %t, minted %t, error %v", again == first, minted, err)
	}
	info, err := os.Stat(filepath.Join(c.Data, credentialsFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v, want 0600", info.Mode(), err)
	}
	other, _, err := credentials(&config.Config{Data: t.TempDir()})
	if err != nil || other.access == first.access || other.secret == first.secret {
		t.Errorf("another folder has the same keys, or error %v", err)
	}
}

func TestKeysOfTheConfigurationComeFirst(t *testing.T) {
	c := &config.Config{Data: t.TempDir(), AccessKey: "user", SecretKey: "secret"}
	keys, minted, err := credentials(c)
	if err != nil || minted || keys != (keyPair{"user", "secret"}) {
		t.Errorf("keys %v, minted %t, error %v", keys, minted, err)
	}
	if _, err := os.Stat(filepath.Join(c.Data, credentialsFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
}

func TestUnfitKeyFilesAreRefused(t *testing.T) {
	const whole = "[default]\naws_access_key_id = AKIA\naws_secret_access_key=0123456789abcdef\n"
	for _, test := range []struct {
		text string
		mode os.FileMode
		ok   bool
	}{
		{whole, 0o600, true}, {whole, 0o400, true}, {whole, 0o640, false}, {whole, 0o604, false},
		{"", 0o600, false}, {"aws_access_key_id = AKIA\n", 0o600, false}, {"\x00", 0o600, false},
	} {
		c := &config.Config{Data: t.TempDir()}
		path := filepath.Join(c.Data, credentialsFile)
		writeFile(t, path, test.text)
		if err := os.Chmod(path, test.mode); err != nil {
			t.Fatal(err)
		}
		keys, minted, err := credentials(c)
		if (err == nil) != test.ok || minted {
			t.Errorf("file %q of mode %o: minted %t, error %v, want ok %t", test.text, test.mode, minted, err, test.ok)
		}
		if want := (keyPair{"AKIA", "0123456789abcdef"}); test.ok && keys != want {
			t.Errorf("keys %v, want %v", keys, want)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != test.text {
			t.Errorf("the file was changed to %q, error %v", text, err)
		}
	}
}
