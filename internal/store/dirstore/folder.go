package dirstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"aetherfs/internal/bulk"
)

// clean is what the lock file holds while the folder is closed and all in it
// durable. It need not be durable itself: a crash of the machine takes away all
// that was not.
const clean = "clean\n"

// folder is a Disk in a folder of the machine's file system. os.Root keeps it
// from following links out of the folder.
type folder struct {
	root  *os.Root
	lock  *os.File // holds the flock
	dirty bool     // the last user of the folder did not close it
}

// errLocked: a folder has one user at a time.
var errLocked = errors.New("another process has it open")

func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	lock, err := root.OpenFile(lockFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	f := &folder{root: root, lock: lock}
	if err := f.acquire(); err != nil {
		return nil, errors.Join(err, lock.Close(), root.Close())
	}
	return f, nil
}

// acquire takes the lock, and notes and wipes what its last holder left.
func (f *folder) acquire() error {
	err := syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	left, err := io.ReadAll(io.LimitReader(f.lock, int64(len(clean)+1)))
	if err != nil {
		return err
	}
	f.dirty = string(left) != clean
	return f.lock.Truncate(0)
}

func (f *folder) Settle() error {
	if !f.dirty {
		return nil
	}
	return syncAll(f.lock)
}

func (f *folder) Close(isClean bool) error {
	var err error
	if isClean {
		_, err = f.lock.WriteAt([]byte(clean), 0)
	}
	return errors.Join(err, f.lock.Close(), f.root.Close())
}

func (f *folder) Create(name string) (File, error) {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return bulkFile{file}, nil
}

func (f *folder) Open(name string) (File, error) {
	file, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (f *folder) ReadDir(name string) ([]fs.FileInfo, error) {
	dir, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	return dir.Readdir(-1)
}

func (f *folder) SyncDir(name string) error {
	dir, err := f.root.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	return dir.Sync()
}

func (f *folder) Mkdir(name string) error      { return f.root.Mkdir(name, 0o700) }
func (f *folder) Link(from, to string) error   { return f.root.Link(from, to) }
func (f *folder) Rename(from, to string) error { return f.root.Rename(from, to) }
func (f *folder) Remove(name string) error     { return f.root.Remove(name) }

// bulkFile writes much at once past the page cache.
type bulkFile struct{ *os.File }

func (f bulkFile) Write(data []byte) (int, error) { return bulk.Write(f.File, data) }
