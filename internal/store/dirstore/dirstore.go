// Package dirstore keeps objects as files in one folder: the embedded store.
//
//  1. What a Put that returned nil wrote survives a crash of the machine: its
//     bytes were synced before it had its name, and the name, with every folder
//     above it, before the Put returned. Deletes likewise.
//  2. A name appears with all of its bytes: they are written elsewhere and the
//     file is linked (create-if-absent) or renamed to the name.
//  3. What a Get or List shows is durable: it syncs a change still under way.
//  4. One process at a time has a folder open.
//  5. After a sync has failed nothing is written until the store is opened
//     again: the kernel may have dropped what it could not write.
//
// A file's way to its name:
//
//	_temp/N  →  written  →  synced  →  link or rename  →  folder synced  →  durable
//	       └───────┴───────────┴── a crash here leaves a file in _temp; Open removes it
package dirstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"aetherfs/internal/store"
)

// No key contains '_', so these names are never an object's.
const (
	tempFolder = "_temp"
	lockFile   = "_lock"
)

// Options of a store. The zero value works.
type Options struct {
	Now func() time.Time // store.Info.Date; nil is time.Now
}

// Store is a store.Store in a folder.
type Store struct {
	disk    Disk
	now     func() time.Time
	temps   atomic.Uint64 // the last name given in tempFolder
	folders *folders
	changes changes
	poison  poison

	mu      sync.Mutex
	closed  bool           // guarded by mu
	running sync.WaitGroup // added to under mu while not closed
}

var _ store.Store = (*Store)(nil)

// Open opens the store in the folder dir, which it makes if need be. It fails
// while another process, or another Store of this one, has it open.
func Open(dir string, o Options) (*Store, error) {
	disk, err := openFolder(dir)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	return OpenDisk(disk, o)
}

// OpenDisk opens the store on a disk, which the Store then owns: it is closed
// with it, or by a failure to open.
func OpenDisk(disk Disk, o Options) (*Store, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{disk: disk, now: o.Now}
	s.folders = newFolders(disk, &s.poison)
	if err := s.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("recover store: %w", err), disk.Close(false))
	}
	return s, nil
}

// recover removes what a killed process had not finished, and makes durable
// what it had: an object or folder may be visible that was never synced.
func (s *Store) recover() error {
	if err := s.disk.Mkdir(tempFolder); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	left, err := s.disk.ReadDir(tempFolder)
	if err != nil {
		return err
	}
	for _, file := range left {
		if err := s.disk.Remove(path.Join(tempFolder, file.Name())); err != nil {
			return err
		}
	}
	return s.disk.Settle()
}

// Close waits for the requests that run, iterations of a List among them, and
// lets go of the folder. Requests that come later get fs.ErrClosed.
func (s *Store) Close() error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return nil
	}
	s.running.Wait()
	return s.disk.Close(s.poison.check() == nil)
}

// enter begins a request; the caller calls s.running.Done at its end.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fs.ErrClosed
	}
	s.running.Add(1)
	return nil
}

// enterKey is enter for a request about one object.
func (s *Store) enterKey(ctx context.Context, key string) error {
	if err := store.CheckKey(key); err != nil {
		return err
	}
	return s.enter(ctx)
}

// poison remembers the first failed sync.
type poison struct{ cause atomic.Pointer[error] }

// set remembers err, which is a sync's.
func (p *poison) set(err error) { p.cause.CompareAndSwap(nil, &err) }

// check returns store.ErrPoisoned, with its cause, once a sync has failed.
func (p *poison) check() error {
	if cause := p.cause.Load(); cause != nil {
		return fmt.Errorf("%w: %w", store.ErrPoisoned, *cause)
	}
	return nil
}

// full returns store.ErrNoSpace in place of an error that means it.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", store.ErrNoSpace, err)
	}
	return err
}
