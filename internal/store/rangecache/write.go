package rangecache

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// enqueue hands r to the writers, unless the disk has refused some lately.
func (c *Cache) enqueue(r *run) bool {
	if c.paused(int64(r.count)) {
		return false
	}
	r.refs.Add(1)
	c.pending <- r // never waits
	return true
}

// paused reports whether the next n parts are not to be written.
func (c *Cache) paused(n int64) bool {
	if c.pause.Load() <= 0 {
		return false
	}
	if c.pause.Add(-n) <= 0 {
		c.adapt() // and try again
	}
	return true
}

func (c *Cache) writeAll() {
	for r := range c.pending {
		c.write(r)
		c.release(r)
	}
}

// write makes files of the parts of r and adds them to the index.
func (c *Cache) write(r *run) {
	defer c.done(r)
	for i := range r.count {
		data, _ := r.part(c, r.id(i))
		if len(data) == 0 {
			return // behind the object's end
		}
		if err := c.writePart(r.id(i), r.info, data); err != nil {
			c.pause.Store(pauseParts)
			c.counts.failures.Add(1)
			c.o.Log.Warn("cache of ranges pauses", "folder", c.o.Folder, "error", err)
			return
		}
		if !c.enter(r, r.id(i), len(data)) {
			_ = os.Remove(c.path(r.id(i)))
			return
		}
		if c.written.Add(int64(len(data))) >= roomEvery {
			c.adapt()
		}
	}
}

// enter adds a part of r to the index, unless r is stale.
func (c *Cache) enter(r *run, id partID, n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !r.stale {
		c.index.Set(id, newPart(int64(n)))
	}
	return !r.stale
}

// adapt makes the limit what the disk allows.
func (c *Cache) adapt() {
	c.written.Store(0)
	limit := c.o.Bytes
	if free, all, err := c.o.Disk(c.o.Folder); err == nil {
		limit = min(limit, max(c.size()+free-all/reserved, 0))
	}
	c.index.SetMaximum(uint64(limit))
	if limit < c.o.PartBytes {
		c.pause.Store(pauseParts)
	}
}

// size is the disk space that the parts take, bytes.
func (c *Cache) size() int64 { return int64(c.index.WeightedSize()) }

// load takes in what is in the folder, the oldest first, and removes what is no
// part of this length.
func (c *Cache) load() error {
	if err := os.MkdirAll(c.folder, 0o700); err != nil {
		return err
	}
	if err := c.removeOtherLengths(); err != nil {
		return err
	}
	type found struct {
		id   partID
		size int64
		time time.Time
	}
	var all []found
	err := filepath.WalkDir(c.folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		id, ok := parsePath(e.Name())
		info, err := e.Info()
		if err != nil || !ok || info.Size() <= footerBytes || info.Size() > footerBytes+c.o.PartBytes || c.path(id) != path {
			return os.Remove(path)
		}
		all = append(all, found{id, info.Size() - footerBytes, info.ModTime()})
		return nil
	})
	slices.SortFunc(all, func(a, b found) int { return a.time.Compare(b.time) })
	for _, f := range all {
		c.index.Set(f.id, newPart(f.size))
	}
	return err
}

// removeOtherLengths removes the folders of parts of another length, and nothing
// else: the folder may be a link to one that has more in it.
func (c *Cache) removeOtherLengths() error {
	entries, err := os.ReadDir(c.o.Folder)
	for _, e := range entries {
		name := e.Name()
		n, notNumber := strconv.ParseInt(name, 10, 64)
		if notNumber != nil || n < MinPartBytes || n > MaxPartBytes || n == c.o.PartBytes {
			continue
		}
		if err := os.RemoveAll(filepath.Join(c.o.Folder, name)); err != nil {
			return err
		}
	}
	return err
}
