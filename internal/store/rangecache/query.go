package rangecache

import (
	"context"
	"errors"

	"aetherfs/internal/store"
)

// query is a Get on its way through the cache.
type query struct {
	c     *Cache
	key   string
	r     store.Range
	first partID // of those that r touches
	parts []bool // whether each is in out
	out   []byte // room for r; what lies behind the object's end stays unused
	info  store.Info
	known bool // info is
}

func (c *Cache) query(key string, r store.Range) *query {
	from, to := r.Off/c.o.PartBytes, (r.Off+r.Len-1)/c.o.PartBytes
	return &query{c: c, key: key, r: r, first: partID{objectOf(key), uint32(from)}, parts: make([]bool, to-from+1)}
}

// forget drops what is here of the parts.
func (q *query) forget() {
	q.c.mu.Lock()
	defer q.c.mu.Unlock()
	for i := range q.parts {
		q.c.drop(q.id(i))
	}
}

func (q *query) id(i int) partID { return partID{q.first.object, q.first.n + uint32(i)} }

// answer takes each part from disk, from whoever is fetching it, or from the
// store. errOdd: it cannot.
func (q *query) answer(ctx context.Context) ([]byte, store.Info, error) {
	q.out = q.r.Room(q.r.Len)
	if err := q.fromDisk(); err != nil {
		return nil, store.Info{}, err
	}
	mine, others, ok := q.claim()
	defer func() {
		for _, run := range append(mine, others...) {
			q.c.release(run)
		}
	}()
	if !ok {
		return nil, store.Info{}, errOdd
	}
	q.c.fetchAll(ctx, mine)
	for _, run := range mine {
		if err := q.take(run); errors.Is(err, store.ErrRange) && run.first != q.first {
			return nil, run.info, errOdd // only the end of what was asked for is missing
		} else if err != nil {
			return nil, run.info, err
		}
	}
	for _, run := range others {
		select {
		case <-run.done:
		case <-ctx.Done():
			return nil, store.Info{}, ctx.Err()
		}
		if err := q.take(run); err != nil {
			return nil, store.Info{}, errOdd // of another's, who may just have given up
		}
	}
	_, n, err := q.r.Resolve(q.info.Size)
	if err != nil {
		return nil, store.Info{}, err
	}
	q.info.Key = q.key
	return q.out[:n], q.info, nil
}

// fromDisk takes what is there.
func (q *query) fromDisk() error {
	for i := range q.parts {
		if _, ok := q.c.index.GetIfPresent(q.id(i)); !ok {
			continue
		}
		if err := q.read(i); err != nil {
			return err
		}
	}
	return nil
}

// read takes part i, if its file is there and right: to its place, if all of it
// was asked for, or aside.
func (q *query) read(i int) error {
	at := int64(q.id(i).n)*q.c.o.PartBytes - q.r.Off
	if at >= 0 && at+q.c.o.PartBytes <= q.r.Len {
		return q.readTo(q.out[at:][:q.c.o.PartBytes], i)
	}
	q.c.rooms <- struct{}{}
	defer func() { <-q.c.rooms }()
	room := q.c.buffer(1)
	defer q.c.recycle(room)
	return q.readTo(room, i)
}

func (q *query) readTo(room []byte, i int) error {
	id := q.id(i)
	data, info, err := q.c.readPart(id, room)
	if err != nil {
		q.c.index.Invalidate(id)
		return nil // it is fetched again
	}
	if err := q.fill(i, data, info); err != nil {
		q.c.index.Invalidate(id)
		return err
	}
	q.c.counts.hits.Add(1)
	q.c.counts.hitBytes.Add(int64(len(data)))
	return nil
}

// fill takes the bytes of part i of an object.
func (q *query) fill(i int, data []byte, info store.Info) error {
	if q.known && q.info.Size != info.Size {
		return errOdd
	}
	if q.info, q.known = info, true; len(data) == 0 {
		return nil // behind the object's end
	}
	switch at := int64(q.id(i).n)*q.c.o.PartBytes - q.r.Off; {
	case at < 0:
		if -at < int64(len(data)) {
			copy(q.out, data[-at:])
		}
	case &q.out[at] != &data[0]:
		copy(q.out[at:], data)
	}
	q.parts[i] = true
	return nil
}

// claim joins those who are fetching parts that q lacks, and makes runs of the
// rest. It reports false, and does neither, if there is no memory for them.
func (q *query) claim() (mine, others []*run, ok bool) {
	q.c.mu.Lock()
	defer q.c.mu.Unlock()
	if !q.hold() {
		return nil, nil, false
	}
	var open *run // the last of mine, if the next part continues it
	for i := range q.parts {
		id := q.id(i)
		other := q.c.under[id]
		switch {
		case !q.lacks(i):
			open = nil
		case other != nil:
			if len(others) == 0 || others[len(others)-1] != other {
				other.refs.Add(1)
				others = append(others, other)
			}
			open = nil
		case open != nil:
			open.count++
			q.c.under[id] = open
		default:
			open = &run{key: q.key, first: id, count: 1, done: make(chan struct{})}
			open.refs.Store(1)
			mine = append(mine, open)
			q.c.under[id] = open
		}
	}
	return mine, others, true
}

// lacks reports whether part i is still to be had.
func (q *query) lacks(i int) bool {
	return !q.parts[i] && (!q.known || int64(q.id(i).n)*q.c.o.PartBytes < q.info.Size)
}

// hold takes the memory of the runs that q is about to make, or reports that
// there is none. What is more than all of it may be alone. c.mu is held.
func (q *query) hold() bool {
	var parts int64
	for i := range q.parts {
		if q.lacks(i) && q.c.under[q.id(i)] == nil {
			parts++
		}
	}
	n, held := parts*q.c.o.PartBytes, q.c.held.Load()
	if n > 0 && held > 0 && held+n > q.c.o.Memory {
		q.c.counts.skipped.Add(parts)
		return false
	}
	q.c.held.Add(n)
	return true
}

// take takes what run has brought.
func (q *query) take(run *run) error {
	if run.err != nil {
		return run.err
	}
	for i := range q.parts {
		if data, ok := run.part(q.c, q.id(i)); ok && !q.parts[i] {
			if err := q.fill(i, data, run.info); err != nil {
				return err
			}
		}
	}
	return nil
}
