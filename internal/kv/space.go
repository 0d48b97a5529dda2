package kv

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/dgraph-io/badger/v4"
	"github.com/minio/crc64nvme"
)

// sumBytes is the length of the checksum in front of each stored value.
const sumBytes = crc64nvme.Size

// Space is one client's key space.
type Space struct {
	db     *DB
	prefix []byte // length of the name, name: no space's prefix begins another's
}

// Space returns the key space of that name, at most 255 bytes.
func (d *DB) Space(name string) *Space {
	return &Space{d, append([]byte{byte(len(name))}, name...)}
}

// Pair is a key with a value.
type Pair struct{ Key, Value []byte }

// Get returns a copy of the value of key, and whether there is one.
func (s *Space) Get(key []byte) ([]byte, bool) {
	full := s.full(key)
	d := s.db
	d.mu.RLock()
	db := d.db
	value, err := read(db, full)
	d.mu.RUnlock()
	if err == nil {
		return value, true
	}
	if db != nil && !errors.Is(err, badger.ErrKeyNotFound) {
		d.damaged(db, full)
	}
	return nil, false
}

// Put sets the value of key. It copies both.
func (s *Space) Put(key, value []byte) { s.PutAll([]Pair{{key, value}}) }

// PutAll is Put for many.
func (s *Space) PutAll(pairs []Pair) {
	w := write{pairs: make([]Pair, 0, len(pairs))}
	for _, p := range pairs {
		if len(p.Value) <= MaxValueBytes {
			full := s.full(p.Key)
			w.pairs = append(w.pairs, Pair{full, sealed(full, p.Value)})
		}
	}
	s.db.enqueue(w)
}

// Delete removes keys. An absent one is no matter.
func (s *Space) Delete(keys ...[]byte) {
	w := write{pairs: make([]Pair, len(keys))}
	for i, k := range keys {
		w.pairs[i].Key = s.full(k)
	}
	s.db.enqueue(w)
}

func (s *Space) full(key []byte) []byte {
	return append(s.prefix[:len(s.prefix):len(s.prefix)], key...)
}

// sealed returns value behind the checksum of key and value.
func sealed(key, value []byte) []byte {
	out := make([]byte, sumBytes, sumBytes+len(value))
	binary.BigEndian.PutUint64(out, sum(key, value))
	return append(out, value...)
}

// unsealed is the inverse of sealed. It copies.
func unsealed(key, stored []byte) ([]byte, error) {
	if len(stored) < sumBytes || binary.BigEndian.Uint64(stored) != sum(key, stored[sumBytes:]) {
		return nil, errDamaged
	}
	return bytes.Clone(stored[sumBytes:]), nil
}

func sum(key, value []byte) uint64 {
	return crc64nvme.Update(crc64nvme.Checksum(key), value)
}

var errDamaged = errors.New("value does not match its checksum")

// read returns the value of key in db, which may be nil.
func read(db *badger.DB, key []byte) (value []byte, err error) {
	if db == nil {
		return nil, badger.ErrKeyNotFound
	}
	err = db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(key)
		if err != nil {
			return err
		}
		return item.Value(func(stored []byte) error {
			value, err = unsealed(key, stored)
			return err
		})
	})
	return value, err
}
