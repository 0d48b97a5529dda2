package kv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// minFree is the free space, in bytes, below which nothing is written. Badger
// maps its files, and a page that finds no space on the disk ends the process.
// Before it is asked again Badger may fill two logs of 16 MiB each, the tables
// made of them and those of a compaction.
const minFree = 128 << 20

// freeBytes is the space that is left to dir, or to the nearest folder above it
// that is there.
func freeBytes(dir string) (uint64, error) {
	var s syscall.Statfs_t
	err := syscall.Statfs(dir, &s)
	for at := dir; errors.Is(err, fs.ErrNotExist) && at != filepath.Dir(at); {
		at = filepath.Dir(at)
		err = syscall.Statfs(at, &s)
	}
	if err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}

// roomy reports whether Badger may write.
func (d *DB) roomy() bool {
	if d.dir == "" {
		return true
	}
	free, err := d.free(d.dir)
	return err == nil && free >= minFree
}

// awake reports whether the writer may write, and logs when that changes.
func (d *DB) awake() bool {
	roomy := d.roomy()
	if roomy == d.asleep {
		d.asleep = !roomy
		d.log.Warn("cache: the disk is full, or no longer", "folder", d.dir, "written", roomy)
	}
	return roomy
}

// orphaned reports whether somebody has deleted the folder that is open.
func (d *DB) orphaned() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.db != nil && d.gone()
}

func (d *DB) gone() bool {
	if d.dir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(d.dir, idFile))
	return errors.Is(err, fs.ErrNotExist)
}

// shut closes db. Without room it is left as it is, until the process ends:
// closing writes what is in memory. Badger tries that for ever, so a folder that
// is gone is made again for it and removed.
func (d *DB) shut(db table) error {
	if !d.roomy() {
		return nil
	}
	if !d.gone() {
		return db.close()
	}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil //nolint:nilerr // what db holds is lost either way, and may be
	}
	_ = db.close() // it misses its files
	return setAside(d.dir)
}
