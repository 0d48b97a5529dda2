// Package rangecache keeps bytes of a distant store's objects on this machine's
// disk. It is a store.Store before another.
//
//  1. It caches only objects that Options.Immutable names, which never change
//     once they exist. That an object is absent is never cached.
//  2. It is a hint: whatever happens to its folder, at any time, the bytes of a
//     Get are those that the store gave, and no error comes from here.
//  3. A part on disk carries a checksum of itself, its place and its object. One
//     that does not match is removed and fetched again.
//  4. The parts take at most Options.Bytes of disk, about, and less where the disk
//     is nearly full. Which go is decided by how often and how lately they were
//     asked for, so that one pass over everything does not drive out the rest.
//  5. Its memory is bounded: about 300 bytes a part, Options.Memory of parts that
//     are being fetched or wait to be written, and as much of parts that are
//     being read. What finds no place there comes from the store alone and is
//     not kept.
package rangecache

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/maypok86/otter/v2"

	"aetherfs/internal/store"
)

// Defaults of Options.
const (
	DefaultBytes     = 4 << 30
	DefaultPartBytes = 1 << 20
	DefaultMemory    = 32 << 20
)

// Limits of Options.PartBytes: below, a file system's own costs prevail; above,
// a small read fetches too much.
const (
	MinPartBytes = 64 << 10
	MaxPartBytes = 16 << 20
)

const (
	maxRangeBytes = 64 << 20 // of a Get; a longer one is left to the store
	maxOff        = 1 << 46  // of a Get: its parts have numbers of 32 bits, of whatever length they are
	writers       = 2
	reserved      = 10       // one part in 10 of the disk is left to others
	roomEvery     = 64 << 20 // bytes that are written between two looks at the disk
	pauseParts    = 1024     // that are not written after one could not be
	mostRooms     = 16       // parts that are read at once of which not all is wanted
)

// Options of Open. Folder and Immutable are required; the zero value of the
// others works.
type Options struct {
	Folder    string                // it is the cache's alone, and made where it is missing
	Bytes     int64                 // of parts, on disk; 0: DefaultBytes
	PartBytes int64                 // 0: DefaultPartBytes
	Memory    int64                 // of parts on their way to the disk, or one Get's, bytes; 0: DefaultMemory
	Immutable func(key string) bool // whether an object of that name never changes

	// Disk returns the bytes that are free on the folder's disk, and all of it;
	// nil asks the system.
	Disk func(folder string) (free, all int64, err error)
	Log  *slog.Logger // nil is none
}

// Cache is a store before another. Close it before that.
type Cache struct {
	store.Store
	o      Options
	folder string // of parts of this length
	index  *otter.Cache[partID, part]
	counts counters

	buffers []sync.Pool // of so many parts each

	rooms   chan struct{}  // a token for each part that is read aside
	pending chan *run      // to be written; it has a place for each that may be
	held    atomic.Int64   // bytes of runs; added under mu
	written atomic.Int64   // bytes, since the last look at the disk
	pause   atomic.Int64   // parts that are not to be written
	tasks   sync.WaitGroup // of index
	writing sync.WaitGroup

	gets sync.WaitGroup // that may use the cache; Add under mu

	mu     sync.Mutex
	closed bool
	under  map[partID]*run // fetched at present, or waiting to be written; guarded by mu
}

var _ store.Store = (*Cache)(nil)

// Open returns s with a cache before it, which has what an earlier one left in
// the folder.
func Open(s store.Store, o Options) (*Cache, error) {
	setDefault(&o.Bytes, DefaultBytes)
	setDefault(&o.PartBytes, DefaultPartBytes)
	setDefault(&o.Memory, DefaultMemory)
	if o.Disk == nil {
		o.Disk = disk
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Folder == "" || o.Immutable == nil || o.PartBytes < MinPartBytes || o.PartBytes > MaxPartBytes {
		return nil, fmt.Errorf("cache of ranges in folder %q with parts of %d bytes: want a folder and %d to %d bytes",
			o.Folder, o.PartBytes, MinPartBytes, MaxPartBytes)
	}
	c := &Cache{
		Store: s, o: o, folder: filepath.Join(o.Folder, strconv.FormatInt(o.PartBytes, 10)),
		buffers: make([]sync.Pool, maxRangeBytes/o.PartBytes+3), rooms: make(chan struct{}, min(max(o.Memory/o.PartBytes, 1), mostRooms)),
		pending: make(chan *run, max(o.Memory, maxRangeBytes)/o.PartBytes+3), under: map[partID]*run{},
	}
	index, err := otter.New(&otter.Options[partID, part]{
		MaximumWeight: uint64(o.Bytes),
		Weigher:       func(_ partID, p part) uint32 { return p.disk },
		OnDeletion:    c.evicted,
		Executor:      func(task func()) { c.tasks.Go(task) },
	})
	if err != nil {
		return nil, err
	}
	c.index = index
	if err := c.load(); err != nil {
		o.Log.Warn("cache of ranges begins empty", "folder", o.Folder, "error", err)
	}
	c.adapt()
	for range writers {
		c.writing.Go(c.writeAll)
	}
	return c, nil
}

func setDefault(v *int64, d int64) {
	if *v <= 0 {
		*v = d
	}
}

// Close waits for the Gets under way and writes what waits to be written. Later
// ones are the store's alone.
func (c *Cache) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.gets.Wait()
	close(c.pending)
	c.writing.Wait()
	c.index.StopAllGoroutines()
	c.tasks.Wait()
	return nil
}

// evicted removes the file of a part that has left the index.
func (c *Cache) evicted(e otter.DeletionEvent[partID, part]) {
	if e.WasEvicted() {
		c.counts.evictions.Add(1)
	}
	if e.Cause != otter.CauseReplacement {
		_ = os.Remove(c.path(e.Key)) // what stays is found at the next start
	}
}

// Get implements store.Store.
func (c *Cache) Get(ctx context.Context, key string, r store.Range) ([]byte, store.Info, error) {
	if r.Off < 0 || r.Off > maxOff || r.Len <= 0 || r.Len > maxRangeBytes || !c.o.Immutable(key) || !c.begin() {
		return c.Store.Get(ctx, key, r)
	}
	defer c.gets.Done()
	if err := ctx.Err(); err != nil {
		return nil, store.Info{}, fmt.Errorf("get %s: %w", key, err)
	}
	q := c.query(key, r)
	if store.IsFresh(ctx) {
		q.forget()
		return c.Store.Get(ctx, key, r)
	}
	data, info, err := q.answer(ctx)
	if errors.Is(err, errOdd) {
		return c.Store.Get(ctx, key, r)
	}
	return data, info, err
}

// begin counts a Get; leave with c.gets.Done. It reports false once the cache is
// closed.
func (c *Cache) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.gets.Add(1)
	}
	return !c.closed
}

// Put implements store.Store.
func (c *Cache) Put(ctx context.Context, key string, data []byte, cond store.Cond) (store.Info, error) {
	if !cond.IfAbsent { // else nothing of it can be here
		defer c.forget(key)
	}
	return c.Store.Put(ctx, key, data, cond)
}

// Delete implements store.Store.
func (c *Cache) Delete(ctx context.Context, key string) error {
	defer c.forget(key)
	return c.Store.Delete(ctx, key)
}

// forget drops all parts of an object, those that are on their way too.
func (c *Cache) forget(key string) {
	if !c.o.Immutable(key) {
		return
	}
	object := objectOf(key)
	c.mu.Lock()
	for id := range c.under {
		if id.object == object {
			c.drop(id)
		}
	}
	c.mu.Unlock()
	for id := range c.index.Keys() { // they may be millions
		if id.object == object {
			c.index.Invalidate(id)
		}
	}
}

// drop drops a part, also if it is on its way. c.mu is held.
func (c *Cache) drop(id partID) {
	if r := c.under[id]; r != nil {
		r.stale = true
		delete(c.under, id)
	}
	c.index.Invalidate(id)
}

// errOdd: the store itself has to be asked.
var errOdd = errors.New("parts do not fit together")
