package kv

import (
	"encoding/binary"
	"errors"

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
	db, stored, err := s.db.get(full)
	var value []byte
	if err == nil {
		value, err = unsealed(full, stored)
	}
	if err == nil {
		return value, true
	}
	if !errors.Is(err, errAbsent) {
		s.db.damaged(db, full)
	}
	return nil, false
}

// Has reports whether key has a value, without reading it.
func (s *Space) Has(key []byte) bool {
	d := s.db
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.db != nil && d.db.has(s.full(key))
}

// get returns what is stored for key, and where.
func (d *DB) get(key []byte) (table, []byte, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.db == nil {
		return nil, nil, errAbsent
	}
	stored, err := d.db.get(key)
	return d.db, stored, err
}

// Put sets the value of key. It copies both.
func (s *Space) Put(key, value []byte) { s.PutAll([]Pair{{key, value}}) }

// PutAll is Put for many.
func (s *Space) PutAll(pairs []Pair) {
	w := write{pairs: make([]Pair, 0, len(pairs))}
	for _, p := range pairs {
		if int64(len(p.Value)) <= s.db.sizes.maxValue {
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

// unsealed is the inverse of sealed. What it returns is part of stored.
func unsealed(key, stored []byte) ([]byte, error) {
	if len(stored) < sumBytes || binary.BigEndian.Uint64(stored) != sum(key, stored[sumBytes:]) {
		return nil, errDamaged
	}
	return stored[sumBytes:], nil
}

func sum(key, value []byte) uint64 {
	return crc64nvme.Update(crc64nvme.Checksum(key), value)
}

var errDamaged = errors.New("value does not match its checksum")
