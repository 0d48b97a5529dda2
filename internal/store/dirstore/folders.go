package dirstore

import (
	"errors"
	"io/fs"
	"path"
	"sync"
	"syscall"

	"golang.org/x/sync/singleflight"
)

// maxMade bounds the folders remembered as made: some 10 MiB. When there are
// more, all are forgotten, which costs each one mkdir that finds it there.
const maxMade = 1 << 16

// folders makes and syncs the folders of a Disk.
type folders struct {
	disk   Disk
	poison *poison
	making singleflight.Group

	mu     sync.Mutex
	made   map[string]bool   // durable folders; guarded by mu
	newest map[string]*round // the last sync asked for of each folder in use; guarded by mu
}

// round is one sync of a folder, for all who asked before it started.
type round struct {
	started bool          // guarded by folders.mu
	done    chan struct{} // closed when err is set
	err     error
}

func newFolders(disk Disk, p *poison) *folders {
	return &folders{
		disk:   disk,
		poison: p,
		made:   map[string]bool{".": true},
		newest: make(map[string]*round),
	}
}

// make makes a folder and those above it, durably. One that is there already
// is durable: all were when the store was opened.
func (f *folders) make(dir string) error {
	if f.isMade(dir) {
		return nil
	}
	_, err, _ := f.making.Do(dir, func() (any, error) {
		parent := path.Dir(dir)
		if err := f.make(parent); err != nil {
			return nil, err
		}
		err := f.disk.Mkdir(dir)
		if err == nil {
			err = f.sync(parent)
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		f.remember(dir)
		return nil, nil
	})
	return err
}

func (f *folders) isMade(dir string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.made[dir]
}

func (f *folders) remember(dir string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.made) >= maxMade {
		f.made = map[string]bool{".": true}
	}
	f.made[dir] = true
}

// sync makes every change to dir that was made before the call durable. Who
// comes while a sync runs shares the next one with all the others who do.
func (f *folders) sync(dir string) error {
	f.mu.Lock()
	previous := f.newest[dir]
	if previous != nil && !previous.started {
		f.mu.Unlock()
		<-previous.done
		return previous.err
	}
	r := &round{done: make(chan struct{})}
	f.newest[dir] = r
	f.mu.Unlock()

	if previous != nil {
		<-previous.done
	}
	f.mu.Lock()
	r.started = true
	f.mu.Unlock()
	r.err = f.syncNow(dir)
	f.mu.Lock()
	if f.newest[dir] == r {
		delete(f.newest, dir)
	}
	f.mu.Unlock()
	close(r.done)
	return r.err
}

// syncNow syncs one folder, unless a sync has failed before: a later one could
// succeed without the bytes that the failed one lost.
func (f *folders) syncNow(dir string) error {
	if err := f.poison.check(); err != nil {
		return err
	}
	err := f.disk.SyncDir(dir)
	if err == nil || absent(err) {
		return nil
	}
	f.poison.set(err)
	return f.poison.check()
}

// absent reports whether err says that there is no such name, or that one of
// the folders above it is none.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
