package kv

// queueLength bounds the writes that wait for the writer; who brings more
// waits. The longest are the chunks of one block, about 64 KiB.
const queueLength = 64

// write is what one call asks for: pairs to set, or to delete where the value
// is nil.
type write struct {
	pairs  []Pair
	reset  bool            // empty everything
	synced chan<- struct{} // closed when this, and all that was queued before, is done
}

// enqueue hands w to the writer; after Close it is dropped.
func (d *DB) enqueue(w write) {
	select {
	case <-d.stop:
	case d.writes <- w:
	}
}

// Sync returns when everything that was put before it can be read.
func (d *DB) Sync() { d.do(write{}) }

// do enqueues w and waits until it is done.
func (d *DB) do(w write) {
	synced := make(chan struct{})
	w.synced = synced
	d.enqueue(w)
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
	switch {
	case w.reset:
		d.empty("reset")
	case d.orphaned():
		d.empty("folder was deleted")
	}
	if len(w.pairs) > 0 && d.awake() {
		if err := d.flush(w.pairs); err != nil {
			d.log.Warn("cache write", "folder", d.dir, "err", err)
		}
	}
	if w.synced != nil {
		close(w.synced)
	}
}

// empty replaces what is open by something empty.
func (d *DB) empty(reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.restart(reason)
}

func (d *DB) flush(pairs []Pair) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.db == nil {
		return nil
	}
	return d.writing(func() error { return d.db.set(pairs) })
}
