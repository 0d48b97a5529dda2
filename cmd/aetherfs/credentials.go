package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"aetherfs/internal/auth"
	"aetherfs/internal/config"
)

// keyPair is the access key and the secret key of the gateway's owner.
type keyPair struct{ access, secret string }

// credentialsFile is in the data folder. It has the form of an AWS credentials
// file, so that S3 clients can be pointed at it and no secret has to be shown
// or copied.
const credentialsFile = "credentials"

const (
	accessKeyFormat = "aws_access_key_id = %s\n"
	secretKeyFormat = "aws_secret_access_key = %s\n"
)

// credentials returns the keys of the configuration or else those of the data
// folder. It makes the latter where there are none: then minted is true.
func credentials(c *config.Config) (keys keyPair, minted bool, err error) {
	if c.AccessKey != "" {
		return keyPair{c.AccessKey, c.SecretKey}, false, nil
	}
	path := filepath.Join(c.Data, credentialsFile)
	keys, err = readCredentials(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, false, err
	}
	if keys.access, keys.secret, err = auth.Mint(rand.Reader); err != nil {
		return keys, false, err
	}
	return keys, true, writeCredentials(path, keys)
}

// readCredentials reads the keys at path. A file that others can read is
// refused, as its keys are no secret any more.
func readCredentials(path string) (keyPair, error) {
	f, err := os.Open(path)
	if err != nil {
		return keyPair{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return keyPair{}, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return keyPair{}, fmt.Errorf("%s can be read by others: chmod 600 it if only you did, else delete it to get new keys", path)
	}
	var keys keyPair
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		switch strings.TrimSpace(name) {
		case "aws_access_key_id":
			keys.access = strings.TrimSpace(value)
		case "aws_secret_access_key":
			keys.secret = strings.TrimSpace(value)
		}
	}
	if keys.access == "" || keys.secret == "" {
		return keyPair{}, fmt.Errorf("%s holds no pair of keys: delete it to get new ones", path)
	}
	return keys, nil
}

// writeCredentials writes keys to path, which must not exist, for the owner
// alone. They are on the disk when it returns.
func writeCredentials(path string, keys keyPair) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "# The keys of this AetherFS gateway. Whoever has them can read and change everything in it.\n[default]\n"+
		accessKeyFormat+secretKeyFormat, keys.access, keys.secret)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(path))
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
