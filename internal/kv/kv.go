// Package kv is a cache on Badger: what it holds can be had again elsewhere,
// so no answer depends on it.
//
//  1. A value that is returned is the value that was put: every value carries a
//     checksum of key and value, and one that does not match reads as absent.
//  2. A folder serves the repository whose id it carries and no other. On
//     another id, a damaged value or an error of opening, the folder is set
//     aside and started empty; so it is when it is deleted under the cache.
//  3. Writing never fails and never reports: a write may be lost. On a disk
//     that is nearly full all are.
package kv

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// ErrLocked: another process has the folder open.
var ErrLocked = errors.New("folder is in use by another process")

// Options of Open. The zero value works.
type Options struct {
	Log  *slog.Logger                     // nil: silent
	Free func(dir string) (uint64, error) // bytes that are free for dir; nil: those of its file system

	// Memory is what may be used, in bytes, about: half of it lies in mapped
	// files. It also bounds a value, at a 64th of it. 0: DefaultMemory.
	Memory int64
}

// DB is a set of key spaces in one folder. Its methods may be called
// concurrently.
type DB struct {
	dir string // empty: in memory
	id  string // of the repository
	log *slog.Logger

	sizes sizes

	free   func(dir string) (uint64, error)
	asleep bool // nothing is written, for want of room; the writer's

	mu sync.RWMutex // held for reading while db is used, for writing while it is replaced
	db table        // nil once closed, or where no folder can be made or there is no room

	writes chan write    // to the writer, which does all writing
	stop   chan struct{} // closed by Close
	once   sync.Once     // of Close
	done   chan struct{} // closed by the writer
}

// Open opens the cache in dir for the repository id, making the folder if
// there is none. It fails only where no usable folder can be made at all, and
// with ErrLocked.
func Open(dir, id string, o Options) (*DB, error) {
	d := &DB{dir: dir, id: id, log: o.Log, free: o.Free, sizes: sizesFor(o.Memory)}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.free == nil {
		d.free = freeBytes
	}
	if err := d.openFolder(); err != nil {
		return nil, fmt.Errorf("open cache %s: %w", dir, err)
	}
	d.start()
	return d, nil
}

// Memory returns a cache that ends with the process. It uses no clock and no
// goroutine but its writer, so it works inside a testing/synctest bubble.
func Memory() *DB {
	d := &DB{log: slog.New(slog.DiscardHandler), db: newMemory(), sizes: sizesFor(0)}
	d.start()
	return d
}

// table is where the pairs are: Badger, or memory. Its methods may be called
// concurrently, but for close.
type table interface {
	// get returns a copy of the bytes stored for key, or errAbsent.
	get(key []byte) ([]byte, error)
	// has reports whether get would find the key.
	has(key []byte) bool
	// set stores pairs; one without a value is removed.
	set(pairs []Pair) error
	close() error
}

var errAbsent = errors.New("no such key")

func (d *DB) start() {
	d.writes = make(chan write, queueLength)
	d.stop = make(chan struct{})
	d.done = make(chan struct{})
	go d.writer()
}

// Close writes what is queued and closes the folder. Later calls read nothing
// and write nothing.
func (d *DB) Close() error {
	d.once.Do(func() { close(d.stop) })
	<-d.done
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.db == nil {
		return nil
	}
	db := d.db
	d.db = nil
	return d.shut(db)
}

// Reset empties every space, as for a store that was put back to an older copy.
// Nothing that was put before it is found when it returns. Like any write it
// never fails: where the folder cannot be started anew, the cache is off.
func (d *DB) Reset() {
	d.do(write{reset: true})
}

// damaged empties the cache after db showed a damaged value.
func (d *DB) damaged(db table, key []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.db == db { // nobody else did it, and it was not closed
		d.restart(fmt.Sprintf("damaged value of %x", key))
	}
}

// restart replaces what is open by something empty; d.mu is held for writing.
func (d *DB) restart(reason string) {
	d.log.Warn("cache starts empty", "folder", d.dir, "reason", reason)
	if err := d.replace(); err != nil {
		d.log.Error("cache is off", "folder", d.dir, "err", err)
	}
}

func (d *DB) replace() error {
	if d.dir == "" {
		d.db = newMemory()
		return nil
	}
	if d.db != nil {
		_ = d.shut(d.db) // what it held is thrown away
		d.db = nil
	}
	if err := setAside(d.dir); err != nil {
		return err
	}
	return d.openFolder()
}
