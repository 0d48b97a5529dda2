// Package kv is a cache on Badger: what it holds can be had again elsewhere,
// so no answer depends on it.
//
//  1. A value that is returned is the value that was put: every value carries a
//     checksum of key and value, and one that does not match reads as absent.
//  2. A folder serves the repository whose id it carries and no other. On
//     another id, a damaged value or an error of opening, the folder is set
//     aside and started empty.
//  3. Writing never fails and never reports: a write may be lost. On a disk
//     that is nearly full all are.
package kv

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/dgraph-io/badger/v4"
)

// ErrLocked: another process has the folder open.
var ErrLocked = errors.New("folder is in use by another process")

// Options of Open. The zero value works.
type Options struct {
	Log  *slog.Logger                     // nil: silent
	Free func(dir string) (uint64, error) // bytes that are free for dir; nil: those of its file system
}

// DB is a set of key spaces in one folder. Its methods may be called
// concurrently.
type DB struct {
	dir string // empty: in memory
	id  string // of the repository
	log *slog.Logger

	free   func(dir string) (uint64, error)
	asleep bool // nothing is written, for want of room; the writer's

	mu sync.RWMutex // held for reading while db is used, for writing while it is replaced
	db *badger.DB   // nil once closed, or where no folder can be made or there is no room

	writes chan write    // to the writer, which does all writing
	stop   chan struct{} // closed by Close
	once   sync.Once     // of Close
	done   chan struct{} // closed by the writer
}

// Open opens the cache in dir for the repository id, making the folder if
// there is none. It fails only where no usable folder can be made at all, and
// with ErrLocked.
func Open(dir, id string, o Options) (*DB, error) {
	d := &DB{dir: dir, id: id, log: o.Log, free: o.Free}
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

// Memory returns a cache that ends with the process.
func Memory() *DB {
	d := &DB{log: slog.New(slog.DiscardHandler)}
	if err := d.openFolder(); err != nil {
		panic(fmt.Sprintf("kv: open in memory: %v", err)) // fixed options, no I/O
	}
	d.start()
	return d
}

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

// restart replaces the open folder by an empty one; d.mu is held for writing.
func (d *DB) restart() error {
	_ = d.shut(d.db) // what it held is thrown away
	d.db = nil
	if d.dir != "" {
		if err := setAside(d.dir); err != nil {
			return err
		}
	}
	return d.openFolder()
}

// damaged starts the folder anew after db showed a damaged value.
func (d *DB) damaged(db *badger.DB, key []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.db != db {
		return // somebody else did it, or it was closed
	}
	d.log.Warn("cache is damaged and starts empty", "folder", d.dir, "key", fmt.Sprintf("%x", key))
	if err := d.restart(); err != nil {
		d.log.Error("cache is off", "folder", d.dir, "err", err)
	}
}

// openBadger opens Badger in dir, or in memory where dir is empty.
func openBadger(dir string, log *slog.Logger) (db *badger.DB, err error) {
	defer func() {
		if r := recover(); r != nil { // Badger panics on some damaged files
			db, err = nil, fmt.Errorf("badger: %v", r)
		}
	}()
	db, err = badger.Open(sized(dir, log))
	if err == nil {
		return db, nil
	}
	if strings.Contains(err.Error(), "directory lock") {
		err = fmt.Errorf("%w: %w", ErrLocked, err)
	}
	return nil, err
}
