package kv

// queueLength bounds the writes that wait for the writer; who brings more
// waits. The longest are the chunks of one block, about 64 KiB.
const queueLength = 64

// write is what one call asks for: pairs to set, or to delete where the value
// is nil.
type write struct {
	pairs  []Pair
	synced chan<- struct{} // closed when all that was queued before is written
}

// enqueue hands w to the writer; after Close it is dropped.
func (d *DB) enqueue(w write) {
	select {
	case <-d.stop:
	case d.writes <- w:
	}
}

// Sync returns when everything that was put before it can be read.
func (d *DB) Sync() {
	synced := make(chan struct{})
	d.enqueue(write{synced: synced})
	select {
	case <-synced:
	case <-d.done:
	}
}

// writer applies the queue; once stopped, what is left in it.
func (d *DB) writer() {
	defer close(d.done)
	for {
		select {
		case w := <-d.writes:
			d.apply(w)
		case <-d.stop:
			for len(d.writes) > 0 {
				d.apply(<-d.writes)
			}
			return
		}
	}
}

func (d *DB) apply(w write) {
	if len(w.pairs) > 0 && d.awake() {
		if err := d.flush(w.pairs); err != nil {
			d.log.Warn("cache write", "folder", d.dir, "err", err)
		}
	}
	if w.synced != nil {
		close(w.synced)
	}
}

func (d *DB) flush(pairs []Pair) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.db == nil {
		return nil
	}
	b := d.db.NewWriteBatch()
	defer b.Cancel()
	for _, p := range pairs {
		set := b.Set
		if p.Value == nil {
			set = func(k, _ []byte) error { return b.Delete(k) }
		}
		if err := set(p.Key, p.Value); err != nil {
			return err
		}
	}
	return b.Flush()
}
