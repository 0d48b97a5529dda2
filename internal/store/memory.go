package store

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/btree"
)

// Memory is a Store that forgets: for tests, and the pattern for the others. A
// List shows the objects as they were when it began.
type Memory struct {
	// Now is the store's clock. It may be replaced before the first use.
	Now func() time.Time

	mu      sync.Mutex
	objects btree.Map[string, object] // guarded by mu; lists hold copies, which share its nodes
}

type object struct {
	data     []byte // never modified
	modified time.Time
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store on the machine's clock.
func NewMemory() *Memory {
	return &Memory{Now: time.Now}
}

func (m *Memory) Get(ctx context.Context, key string, r Range) ([]byte, Info, error) {
	if err := begin(ctx, key); err != nil {
		return nil, Info{}, fmt.Errorf("get %s: %w", key, err)
	}
	m.mu.Lock()
	o, ok := m.objects.Get(key)
	m.mu.Unlock()
	if !ok {
		return nil, Info{Key: key, Date: m.Now()}, fmt.Errorf("get %s: %w", key, ErrNotFound)
	}
	off, n, err := r.Resolve(int64(len(o.data)))
	if err != nil {
		return nil, Info{}, fmt.Errorf("get %s: %w", key, err)
	}
	data, err := r.Fill(n, func(p []byte, at int64) error {
		copy(p, o.data[off+at:])
		return nil
	})
	if err != nil {
		return nil, Info{}, fmt.Errorf("get %s: %w", key, err)
	}
	return data, m.info(key, o), nil
}

func (m *Memory) Put(ctx context.Context, key string, data []byte, c Cond) (Info, error) {
	if err := begin(ctx, key); err != nil {
		return Info{}, fmt.Errorf("put %s: %w", key, err)
	}
	o := object{data: append([]byte{}, data...), modified: m.Now()}
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.IfAbsent {
		if _, ok := m.objects.Get(key); ok {
			return Info{Key: key, Date: m.Now()}, fmt.Errorf("put %s: %w", key, ErrExists)
		}
	}
	m.objects.Set(key, o)
	return m.info(key, o), nil
}

func (m *Memory) List(ctx context.Context, prefix, after string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		m.mu.Lock()
		objects := m.objects.Copy()
		m.mu.Unlock()
		objects.Ascend(max(prefix, after), func(key string, o object) bool {
			if err := ctx.Err(); err != nil {
				yield(Info{}, fmt.Errorf("list %s: %w", prefix, err))
				return false
			}
			if key == after {
				return true
			}
			return strings.HasPrefix(key, prefix) && yield(m.info(key, o), nil)
		})
	}
}

func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := begin(ctx, key); err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.objects.Delete(key)
	return nil
}

func (m *Memory) info(key string, o object) Info {
	return Info{Key: key, Size: int64(len(o.data)), Modified: o.modified, Date: m.Now()}
}

// begin refuses what no store may start.
func begin(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return CheckKey(key)
}
