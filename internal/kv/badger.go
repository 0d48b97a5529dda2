package kv

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/dgraph-io/badger/v4"
)

// onDisk is a table in a folder.
type onDisk struct{ db *badger.DB }

var _ table = onDisk{}

// openBadger opens Badger in dir.
func openBadger(dir string, z sizes, log *slog.Logger) (t table, err error) {
	defer func() {
		if r := recover(); r != nil { // Badger panics on some damaged files
			t, err = nil, fmt.Errorf("badger: %v", r)
		}
	}()
	db, err := badger.Open(sized(dir, z, log))
	if err == nil {
		return onDisk{db}, nil
	}
	if strings.Contains(err.Error(), "directory lock") {
		err = fmt.Errorf("%w: %w", ErrLocked, err)
	}
	return nil, err
}

func (t onDisk) get(key []byte) (value []byte, err error) {
	err = t.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(key)
		if errors.Is(err, badger.ErrKeyNotFound) {
			return errAbsent
		}
		if err != nil {
			return err
		}
		value, err = item.ValueCopy(nil)
		return err
	})
	return value, err
}

func (t onDisk) has(key []byte) bool {
	return t.db.View(func(txn *badger.Txn) error {
		_, err := txn.Get(key)
		return err
	}) == nil
}

func (t onDisk) set(pairs []Pair) error {
	b := t.db.NewWriteBatch()
	defer b.Cancel()
	for _, p := range pairs {
		set := b.Set
		if p.Value == nil {
			set = func(k, _ []byte) error { return b.Delete(k) }
		}
		if err := set(p.Key, p.Value); err != nil {
			return err
		}
	}
	return b.Flush()
}

func (t onDisk) close() error { return t.db.Close() }
