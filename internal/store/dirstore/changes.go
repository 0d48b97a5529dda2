package dirstore

import "sync"

// changes are the names that change at the moment: linked, renamed or removed,
// perhaps, and not yet durably.
type changes struct {
	mu    sync.Mutex
	count map[string]int // guarded by mu
}

func (c *changes) begin(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count == nil {
		c.count = make(map[string]int)
	}
	c.count[key]++
}

// end says that one change of key, begun earlier, is durable.
func (c *changes) end(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count[key]--; c.count[key] == 0 {
		delete(c.count, key)
	}
}

func (c *changes) running(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count[key] > 0
}
