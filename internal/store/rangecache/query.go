package rangecache

import (
	"context"
	"errors"
	"fmt"

	"aetherfs/internal/store"
)

// query is a Get on its way through the cache.
type query struct {
	c     *Cache
	key   string
	r     store.Range
	first partID       // of those that r touches
	parts []bool       // whether each is in out
	data  []byte       // what out is, unless it is r.Into
	out   store.Pieces // room for r; what lies behind the object's end stays unused
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
	q.makeRoom()
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
	switch {
	case q.data != nil:
		return q.data[:n], q.info, nil
	case n != q.r.Len:
		return nil, store.Info{}, fmt.Errorf("%d bytes at %d where there should be %d: %w", n, q.r.Off, q.r.Len, store.ErrRange)
	}
	return nil, q.info, nil
}

// makeRoom takes the caller's memory, or makes some.
func (q *query) makeRoom() {
	if q.out = q.r.Into; q.out == nil {
		q.data = q.r.Room(q.r.Len)
		q.out = store.Pieces{q.data}
	}
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

// at is where part i begins in what was asked for; negative if before it.
func (q *query) at(i int) int64 { return int64(q.id(i).n)*q.c.o.PartBytes - q.r.Off }

// read takes part i, if its file is there and right: to its place, if all of it
// was asked for, or aside.
func (q *query) read(i int) error {
	if at := q.at(i); at >= 0 && at+q.c.o.PartBytes <= q.r.Len {
		_, err := q.readTo(q.out.Slice(at, q.c.o.PartBytes), i)
		return err
	}
	q.c.rooms <- struct{}{}
	defer func() { <-q.c.rooms }()
	room := q.c.buffer(1)
	defer q.c.recycle(room)
	n, err := q.readTo(store.Pieces{room}, i)
	if q.parts[i] {
		q.put(i, room[:n])
	}
	return err
}

// readTo reads part i to room, and returns its length.
func (q *query) readTo(room store.Pieces, i int) (int64, error) {
	id := q.id(i)
	n, info, err := q.c.readPart(id, room)
	if err != nil {
		q.c.index.Invalidate(id)
		return 0, nil // it is fetched again
	}
	if err := q.agree(info); err != nil {
		q.c.index.Invalidate(id)
		return 0, err
	}
	q.parts[i] = true
	q.c.counts.hits.Add(1)
	q.c.counts.hitBytes.Add(n)
	return n, nil
}

// agree notes what is known of the object, unless it contradicts what was.
func (q *query) agree(info store.Info) error {
	if q.known && q.info.Size != info.Size {
		return errOdd
	}
	q.info, q.known = info, true
	return nil
}

// put copies what was asked for of part i to its place.
func (q *query) put(i int, data []byte) {
	if at := q.at(i); at >= 0 {
		q.out.CopyAt(at, data)
	} else if -at < int64(len(data)) {
		q.out.CopyAt(0, data[-at:])
	}
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
	return !q.parts[i] && (!q.known || q.r.Off+q.at(i) < q.info.Size)
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
			if err := q.agree(run.info); err != nil {
				return err
			}
			if len(data) > 0 { // else it lies behind the object's end
				q.put(i, data)
				q.parts[i] = true
			}
		}
	}
	return nil
}
