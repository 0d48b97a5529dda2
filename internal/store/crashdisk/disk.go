// Package crashdisk is a simulated disk for tests. It keeps what was written
// apart from what was synced, and forgets at a crash what was not.
//
//  1. After Crash a file holds what its last Sync covered, and of later writes
//     any sectors and any length. A name stands for what it stood for at its
//     folder's last SyncDir, or for anything that it did since; each name by
//     itself, so that of a rename one half may be there.
//  2. After Kill everything visible is still there, and still not synced.
//  3. Who held the disk before either can do nothing to it any more.
//  4. The same seed and order of calls make the same disk.
//
// The life of a Disk, each arrow a method:
//
//	         Open             CutAt(n), n calls
//	off  ───────────→  on  ──────────────────────→  cut
//	 ↑                 │                             │
//	 └─────────────────┴─ Crash or Kill ─────────────┘
package crashdisk

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"aetherfs/internal/store/dirstore"
)

// ErrOff is the answer to every call after the end that CutAt set, or by one
// who held the disk before a Crash or Kill.
var ErrOff = errors.New("disk is off")

// sectorBytes is what a disk writes whole or not at all.
const sectorBytes = 512

// Op is a kind of disk call.
type Op string

const (
	OpCreate  Op = "create"
	OpWrite   Op = "write"
	OpSync    Op = "sync" // of a file
	OpOpen    Op = "open"
	OpRead    Op = "read"
	OpStat    Op = "stat"
	OpMkdir   Op = "mkdir"
	OpLink    Op = "link"
	OpRename  Op = "rename"
	OpRemove  Op = "remove"
	OpReadDir Op = "readdir"
	OpSyncDir Op = "syncdir"
	OpSettle  Op = "settle"
)

// Call is one call to the disk.
type Call struct {
	Op   Op
	Name string // of Link and Rename: the new name
}

func (c Call) isSync() bool { return c.Op == OpSync || c.Op == OpSyncDir || c.Op == OpSettle }

// Options of a disk. The zero value is one that works.
type Options struct {
	Seed uint64

	// Fail, if set, is asked before each call: an error is its answer, and
	// nothing is done. What a sync that failed should have covered, no later
	// sync covers, as on Linux. Fail must not call the disk.
	Fail func(Call) error

	// Ignore, if set, is asked before each sync, syncdir and settle: true is
	// success without the effect, as if the caller had left it out.
	Ignore func(Call) bool
}

// Disk is a simulated disk. It may be used concurrently.
type Disk struct {
	o Options

	mu    sync.Mutex
	rng   *rand.Rand    // guarded by mu
	root  *node         // guarded by mu
	clock time.Duration // one tick a call; guarded by mu
	calls int           // in all; guarded by mu
	cutAt int           // the call at which all ends; 0 is none; guarded by mu
	cut   bool          // guarded by mu
	owner *session      // who may use it; guarded by mu
}

// New returns an empty disk.
func New(o Options) *Disk {
	return &Disk{o: o, rng: rand.New(rand.NewPCG(o.Seed, 0)), root: newFolder()}
}

// Open opens a store on the disk, as after the start of a process. Nobody else
// may have it open.
func (d *Disk) Open(o dirstore.Options) (*dirstore.Store, error) {
	s := &session{d: d}
	d.mu.Lock()
	busy := d.owner != nil
	if !busy {
		d.owner = s
	}
	d.mu.Unlock()
	if busy {
		return nil, errors.New("disk is in use")
	}
	return dirstore.OpenDisk(s, o)
}

// Calls returns the number of calls so far.
func (d *Disk) Calls() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls
}

// CutAt sets the end at the n-th call from now: that one is done or not, and it
// and all after it fail with ErrOff. Crash or Kill then says what it was.
func (d *Disk) CutAt(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.cutAt = d.calls + n
}

// IsCut reports whether the end that CutAt set has come.
func (d *Disk) IsCut() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cut
}

// Crash is a loss of power: what was not synced is lost, or part of it. The
// disk can be opened again.
func (d *Disk) Crash() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.root.crash(d.rng, map[*node]bool{})
	d.owner, d.cut, d.cutAt = nil, false, 0
}

// Kill is the death of the process: nothing is lost, and nothing synced. The
// disk can be opened again.
func (d *Disk) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.owner, d.cut, d.cutAt = nil, false, 0
}

// do makes a call of a session: counts it, and asks Options what becomes of it.
func (d *Disk) do(s *session, c Call, n *node, effect func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.owner != s || d.cut {
		return ErrOff
	}
	d.calls++
	d.clock += time.Millisecond
	if d.calls == d.cutAt {
		d.cut = true
		if d.rng.IntN(2) == 0 {
			_ = effect() // the answer does not arrive
		}
		return ErrOff
	}
	if d.o.Fail != nil {
		if err := d.o.Fail(c); err != nil {
			d.syncFailed(c, n)
			return err
		}
	}
	if d.o.Ignore != nil && c.isSync() && d.o.Ignore(c) {
		return nil
	}
	return effect()
}

// syncFailed drops what a sync that fails should have covered.
func (d *Disk) syncFailed(c Call, n *node) {
	switch c.Op {
	case OpSync:
		n.dropped = true
	case OpSyncDir:
		if dir, err := d.find(c.Name); err == nil {
			dir.dropNames()
		}
	}
}

// now is the disk's clock: it starts when Unix's does.
func (d *Disk) now() time.Time { return time.Unix(0, 0).Add(d.clock) }
