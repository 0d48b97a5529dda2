package nfs

import (
	"container/list"
	"sync"
)

// recent is a map of what was used lately: beyond its limit the pair that was
// not used for the longest time goes. It may be used by many goroutines.
type recent[K comparable, V any] struct {
	limit   int
	dropped func(V) // what becomes of a value that goes; nil: nothing

	mu    sync.Mutex
	order *list.List          // of *pair[K, V], the latest first; guarded by mu
	pairs map[K]*list.Element // guarded by mu
}

type pair[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](limit int, dropped func(V)) *recent[K, V] {
	if dropped == nil {
		dropped = func(V) {}
	}
	return &recent[K, V]{limit: limit, dropped: dropped, order: list.New(), pairs: map[K]*list.Element{}}
}

func (r *recent[K, V]) get(key K) (v V, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.pairs[key]
	if !ok {
		return v, false
	}
	r.order.MoveToFront(e)
	return e.Value.(*pair[K, V]).value, true
}

// put sets the value of key unless there is one, and returns what is there.
func (r *recent[K, V]) put(key K, v V) V {
	r.mu.Lock()
	if e, ok := r.pairs[key]; ok {
		r.mu.Unlock()
		return e.Value.(*pair[K, V]).value
	}
	r.pairs[key] = r.order.PushFront(&pair[K, V]{key, v})
	var old *pair[K, V]
	if r.order.Len() > r.limit {
		old = r.order.Remove(r.order.Back()).(*pair[K, V])
		delete(r.pairs, old.key)
	}
	r.mu.Unlock()
	if old != nil {
		r.dropped(old.value)
	}
	return v
}

// drop forgets key.
func (r *recent[K, V]) drop(key K) {
	r.mu.Lock()
	e, ok := r.pairs[key]
	if ok {
		r.order.Remove(e)
		delete(r.pairs, key)
	}
	r.mu.Unlock()
	if ok {
		r.dropped(e.Value.(*pair[K, V]).value)
	}
}

// clear forgets everything.
func (r *recent[K, V]) clear() {
	r.mu.Lock()
	pairs := r.pairs
	r.order, r.pairs = list.New(), map[K]*list.Element{}
	r.mu.Unlock()
	for _, e := range pairs {
		r.dropped(e.Value.(*pair[K, V]).value)
	}
}
