package kv

import (
	"bytes"
	"sync"
)

// inMemory is a table that ends with the process.
type inMemory struct {
	mu    sync.RWMutex
	pairs map[string][]byte // guarded by mu
}

var _ table = (*inMemory)(nil)

func newMemory() *inMemory { return &inMemory{pairs: map[string][]byte{}} }

func (t *inMemory) get(key []byte) ([]byte, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	value, ok := t.pairs[string(key)]
	if !ok {
		return nil, errAbsent
	}
	return bytes.Clone(value), nil
}

func (t *inMemory) has(key []byte) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	_, ok := t.pairs[string(key)]
	return ok
}

// set keeps the values: they are copies already.
func (t *inMemory) set(pairs []Pair) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range pairs {
		if p.Value == nil {
			delete(t.pairs, string(p.Key))
		} else {
			t.pairs[string(p.Key)] = p.Value
		}
	}
	return nil
}

func (t *inMemory) close() error { return nil }
