package catalog

import (
	"context"
	"iter"
	"sync/atomic"
	"time"

	"aetherfs/internal/store"
)

// clock is a store that remembers the date of its last answer: a list of
// nothing tells none.
type clock struct {
	store.Store
	last atomic.Pointer[time.Time]
}

func newClock(st store.Store, date time.Time) *clock {
	c := &clock{Store: st}
	c.last.Store(&date)
	return c
}

// date is the store's at some time before now; zero where it has none.
func (c *clock) date() time.Time { return *c.last.Load() }

func (c *clock) tell(info store.Info) {
	if !info.Date.IsZero() {
		c.last.Store(&info.Date)
	}
}

func (c *clock) Get(ctx context.Context, key string, r store.Range) ([]byte, store.Info, error) {
	data, info, err := c.Store.Get(ctx, key, r)
	c.tell(info)
	return data, info, err
}

func (c *clock) Put(ctx context.Context, key string, data []byte, cond store.Cond) (store.Info, error) {
	info, err := c.Store.Put(ctx, key, data, cond)
	c.tell(info)
	return info, err
}

func (c *clock) List(ctx context.Context, prefix, after string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		for info, err := range c.Store.List(ctx, prefix, after) {
			c.tell(info)
			if !yield(info, err) {
				return
			}
		}
	}
}
