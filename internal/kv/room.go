package kv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
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

// shut closes db, and leaves nothing of a folder that is gone. Without room db is
// left as it is, until the process ends: closing writes what is in memory.
func (d *DB) shut(db table) error {
	if !d.roomy() {
		return nil
	}
	err := d.writing(db.close)
	if d.gone() { // it missed its files
		return setAside(d.dir)
	}
	return err
}

// goneEvery is how often a folder is looked for in which Badger writes.
const goneEvery = 200 * time.Millisecond

// writing runs f, in which Badger writes to the folder. Badger tries that for
// ever, so a folder that is deleted meanwhile is made again for it.
func (d *DB) writing(f func() error) error {
	if d.dir == "" {
		return f()
	}
	var watch sync.WaitGroup
	done := make(chan struct{})
	watch.Go(func() {
		tick := time.NewTicker(goneEvery)
		defer tick.Stop()
		for {
			if d.gone() {
				_ = os.MkdirAll(d.dir, 0o700) // if it cannot be, it is tried again
			}
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	})
	defer watch.Wait()
	defer close(done)
	return f()
}
