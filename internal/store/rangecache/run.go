package rangecache

import (
	"context"
	"sync"
	"sync/atomic"

	"aetherfs/internal/store"
)

// run is consecutive parts of an object, on their way from the store.
type run struct {
	key   string
	first partID
	count int
	stale bool         // not to be written; guarded by Cache.mu
	refs  atomic.Int32 // of those who read buf; the last gives its memory back

	done chan struct{} // closed when the rest is set
	buf  []byte
	data []byte // in buf or not; it ends where the object does
	info store.Info
	err  error
}

func (r *run) id(i int) partID { return partID{r.first.object, r.first.n + uint32(i)} }

// part returns the bytes of a part, none if it lies behind the object's end;
// false if it is not one of r.
func (r *run) part(c *Cache, id partID) ([]byte, bool) {
	if id.n < r.first.n || id.n >= r.first.n+uint32(r.count) {
		return nil, false
	}
	from := int64(id.n-r.first.n) * c.o.PartBytes
	if from >= int64(len(r.data)) {
		return nil, true
	}
	return r.data[from:min(from+c.o.PartBytes, int64(len(r.data)))], true
}

// release ends the interest of one in r.
func (c *Cache) release(r *run) {
	if r.refs.Add(-1) == 0 {
		c.recycle(r.buf)
		c.held.Add(-int64(r.count) * c.o.PartBytes)
	}
}

// buffer returns pooled memory for so many parts, of any content: fresh memory
// is dear on virtual machines.
func (c *Cache) buffer(parts int) []byte {
	if b, ok := c.buffers[parts].Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, int64(parts)*c.o.PartBytes)
}

// recycle takes memory back; nobody may use it any more.
func (c *Cache) recycle(b []byte) { c.buffers[int64(len(b))/c.o.PartBytes].Put(&b) }

// fetchAll fetches runs, side by side, and hands them to the writers.
func (c *Cache) fetchAll(ctx context.Context, runs []*run) {
	var others sync.WaitGroup
	for i, r := range runs {
		if i == len(runs)-1 {
			c.fetch(ctx, r)
		} else {
			others.Go(func() { c.fetch(ctx, r) })
		}
	}
	others.Wait()
}

func (c *Cache) fetch(ctx context.Context, r *run) {
	n := int64(r.count) * c.o.PartBytes
	off := int64(r.first.n) * c.o.PartBytes
	r.buf = c.buffer(r.count)
	r.data, r.info, r.err = c.Store.Get(ctx, r.key, store.Range{Off: off, Len: n, Buf: r.buf})
	if want := min(n, r.info.Size-off); r.err == nil && int64(len(r.data)) != want {
		r.err = errOdd
	}
	c.counts.misses.Add(int64(r.count))
	c.counts.missBytes.Add(int64(len(r.data)))
	close(r.done)
	if r.err != nil || !c.enqueue(r) {
		c.done(r)
	}
}

// done lets nobody join r any more.
func (c *Cache) done(r *run) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range r.count {
		if c.under[r.id(i)] == r {
			delete(c.under, r.id(i))
		}
	}
}
