package probe_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"aetherfs/internal/store"
)

// trips counts round trips: requests that overlap are one.
type trips struct {
	store.Store
	mu       sync.Mutex
	inFlight int
	n        int
}

func (s *trips) begin() (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inFlight++; s.inFlight == 1 {
		s.n++
	}
	return func() {
		time.Sleep(5 * time.Millisecond) // inside a bubble: so that what is sent together overlaps
		s.mu.Lock()
		defer s.mu.Unlock()
		s.inFlight--
	}
}

func (s *trips) Get(ctx context.Context, key string, r store.Range) ([]byte, store.Info, error) {
	defer s.begin()()
	return s.Store.Get(ctx, key, r)
}

func (s *trips) Put(ctx context.Context, key string, data []byte, c store.Cond) (store.Info, error) {
	defer s.begin()()
	return s.Store.Put(ctx, key, data, c)
}

func (s *trips) List(ctx context.Context, prefix, after string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		defer s.begin()()
		s.Store.List(ctx, prefix, after)(yield)
	}
}

func (s *trips) Delete(ctx context.Context, key string) error {
	defer s.begin()()
	return s.Store.Delete(ctx, key)
}

// bad is a store that works but for what is replaced.
type bad struct {
	store.Store
	get  func(ctx context.Context, key string, r store.Range) ([]byte, store.Info, error)
	put  func(ctx context.Context, key string, data []byte, c store.Cond) (store.Info, error)
	list func(ctx context.Context, prefix, after string) iter.Seq2[store.Info, error]
	del  func(ctx context.Context, key string) error
}

func (b *bad) Delete(ctx context.Context, key string) error {
	if b.del != nil {
		return b.del(ctx, key)
	}
	return b.Store.Delete(ctx, key)
}

func (b *bad) Get(ctx context.Context, key string, r store.Range) ([]byte, store.Info, error) {
	if b.get != nil {
		return b.get(ctx, key, r)
	}
	return b.Store.Get(ctx, key, r)
}

func (b *bad) Put(ctx context.Context, key string, data []byte, c store.Cond) (store.Info, error) {
	if b.put != nil {
		return b.put(ctx, key, data, c)
	}
	return b.Store.Put(ctx, key, data, c)
}

func (b *bad) List(ctx context.Context, prefix, after string) iter.Seq2[store.Info, error] {
	if b.list != nil {
		return b.list(ctx, prefix, after)
	}
	return b.Store.List(ctx, prefix, after)
}

var errDenied = fmt.Errorf("%w: 501 NotImplemented", store.ErrDenied)

// badStores each break one promise; quick says that the short form finds out.
var badStores = map[string]struct {
	tried string // the check that fails
	quick bool
	make  func(m *store.Memory) *bad
}{
	"overwrites silently": {"create a name twice", true, func(m *store.Memory) *bad {
		return &bad{put: func(ctx context.Context, key string, data []byte, _ store.Cond) (store.Info, error) {
			return m.Put(ctx, key, data, store.Cond{})
		}}
	}},
	"refuses and overwrites": {"create a name twice", true, func(m *store.Memory) *bad {
		return &bad{put: func(ctx context.Context, key string, data []byte, c store.Cond) (store.Info, error) {
			_, before, err := m.Get(ctx, key, store.Range{})
			if info, put := m.Put(ctx, key, data, store.Cond{}); err != nil || !c.IfAbsent {
				return info, put
			}
			return before, store.ErrExists
		}}
	}},
	"looks and then writes": {"create a name many times at once", true, func(m *store.Memory) *bad {
		return &bad{put: func(ctx context.Context, key string, data []byte, c store.Cond) (store.Info, error) {
			_, info, err := m.Get(ctx, key, store.Range{})
			if c.IfAbsent && err == nil {
				return info, store.ErrExists
			}
			time.Sleep(5 * time.Millisecond) // a write takes its time, and others look meanwhile
			return m.Put(ctx, key, data, store.Cond{})
		}}
	}},
	"does not know the condition": {"create a name twice", true, func(m *store.Memory) *bad {
		return &bad{put: func(ctx context.Context, key string, data []byte, c store.Cond) (store.Info, error) {
			if c.IfAbsent {
				return store.Info{}, errDenied
			}
			return m.Put(ctx, key, data, c)
		}}
	}},
	"remembers what was missing": {"read what was missing before", false, func(m *store.Memory) *bad {
		var missed sync.Map
		return &bad{get: func(ctx context.Context, key string, r store.Range) ([]byte, store.Info, error) {
			if info, ok := missed.Load(key); ok {
				return nil, info.(store.Info), store.ErrNotFound
			}
			data, info, err := m.Get(ctx, key, r)
			if errors.Is(err, store.ErrNotFound) {
				missed.Store(key, info)
			}
			return data, info, err
		}}
	}},
	"lists eventually": {"list what was just written and deleted", true, func(m *store.Memory) *bad {
		return &bad{list: func(ctx context.Context, prefix, after string) iter.Seq2[store.Info, error] {
			return func(yield func(store.Info, error) bool) {
				var last *store.Info // the newest is not listed yet
				for info, err := range m.List(ctx, prefix, after) {
					if err != nil || last != nil && !yield(*last, nil) {
						return
					}
					last = &info
				}
			}
		}}
	}},
	"lists folders first": {"list in order, from any name on", false, func(m *store.Memory) *bad {
		return &bad{list: func(ctx context.Context, prefix, after string) iter.Seq2[store.Info, error] {
			return func(yield func(store.Info, error) bool) {
				var all []store.Info
				for info, err := range m.List(ctx, prefix, after) {
					if err != nil {
						return
					}
					all = append(all, info)
				}
				slices.SortFunc(all, func(a, b store.Info) int {
					return slices.Compare(strings.Split(a.Key, "/"), strings.Split(b.Key, "/"))
				})
				for _, info := range all {
					if !yield(info, nil) {
						return
					}
				}
			}
		}}
	}},
	"lists from the beginning": {"list in order, from any name on", false, func(m *store.Memory) *bad {
		return &bad{list: func(ctx context.Context, prefix, _ string) iter.Seq2[store.Info, error] {
			return m.List(ctx, prefix, "")
		}}
	}},
	"answers the whole to a range": {"read ranges", false, func(m *store.Memory) *bad {
		return &bad{get: func(ctx context.Context, key string, _ store.Range) ([]byte, store.Info, error) {
			return m.Get(ctx, key, store.Range{})
		}}
	}},
	"counts from the beginning": {"read ranges", false, func(m *store.Memory) *bad {
		return &bad{get: func(ctx context.Context, key string, r store.Range) ([]byte, store.Info, error) {
			return m.Get(ctx, key, store.Range{Off: max(r.Off, -r.Off), Len: r.Len})
		}}
	}},
	"keeps parts": {"abandon an upload", false, func(m *store.Memory) *bad {
		return &bad{put: func(ctx context.Context, key string, data []byte, c store.Cond) (store.Info, error) {
			if err := ctx.Err(); err != nil {
				_, _ = m.Put(context.WithoutCancel(ctx), key, data[:len(data)/2], c)
				return store.Info{}, err
			}
			return m.Put(ctx, key, data, c)
		}}
	}},
	"deletes nothing": {"list what was just written and deleted", true, func(*store.Memory) *bad {
		return &bad{del: func(context.Context, string) error { return errDenied }}
	}},
	"has no clock": {"look for the store's clock", true, func(m *store.Memory) *bad {
		m.Now = func() time.Time { return time.Time{} }
		return &bad{}
	}},
}
