package kv

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
)

// minFree is the free space, in bytes, below which nothing is written. Badger
// maps its files, and a page that finds no space on the disk ends the process.
// Before it is asked again Badger may fill two logs of 16 MiB each, the tables
// made of them and those of a compaction.
const minFree = 128 << 20

// freeBytes is the space that is left to dir, or to the folder it will be in.
func freeBytes(dir string) (uint64, error) {
	var s syscall.Statfs_t
	err := syscall.Statfs(dir, &s)
	if errors.Is(err, fs.ErrNotExist) {
		err = syscall.Statfs(filepath.Dir(dir), &s)
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

// shut closes db. Without room it is left as it is, until the process ends:
// closing writes what is in memory.
func (d *DB) shut(db table) error {
	if !d.roomy() {
		return nil
	}
	return db.close()
}
