package kv

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// idFile lies beside Badger's files and holds the id of the repository, so
// that a folder and its id move together.
const idFile = "REPOSITORY"

// aside is the suffix of a folder that was set aside and is to be removed.
const aside = ".aside"

// openFolder opens d's folder, setting aside what cannot be used.
func (d *DB) openFolder() (err error) {
	if !d.roomy() {
		d.log.Warn("cache is off until the next start: its disk is full", "folder", d.dir)
		return nil
	}
	if err = d.openExisting(); err == nil || errors.Is(err, ErrLocked) {
		return err
	}
	if !errors.Is(err, errNone) {
		d.log.Warn("cache is set aside and starts empty", "folder", d.dir, "reason", err)
	}
	if err := setAside(d.dir); err != nil {
		return err
	}
	if err := makeFolder(d.dir, d.id); err != nil {
		return err
	}
	return d.openBadger()
}

var errNone = errors.New("no folder")

// openExisting opens the folder if it is there and of the right repository.
func (d *DB) openExisting() error {
	if err := checkID(d.dir, d.id); err != nil {
		return err
	}
	return d.openBadger()
}

// openBadger sets d.db, if it can.
func (d *DB) openBadger() error {
	db, err := openBadger(d.dir, d.sizes, d.log)
	if err != nil {
		return err
	}
	d.db = db
	return nil
}

// checkID returns nil if dir is a folder of the repository id, and errNone if
// there is no dir.
func checkID(dir, id string) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return errNone
	}
	have, err := os.ReadFile(filepath.Join(dir, idFile))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("folder %s has no id", dir)
	case err != nil:
		return err
	case string(have) != id:
		return fmt.Errorf("folder %s is of repository %q, not %q", dir, have, id)
	}
	return nil
}

func makeFolder(dir, id string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, idFile), []byte(id), 0o600)
}

// setAside renames dir, so that it is gone at once, and removes it.
func setAside(dir string) error {
	if err := os.RemoveAll(dir + aside); err != nil {
		return err
	}
	if err := os.Rename(dir, dir+aside); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.RemoveAll(dir + aside)
}
