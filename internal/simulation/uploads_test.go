package simulation

import "sync"

// uploads numbers those that clients begin, in each dataset.
type uploads struct {
	mu   sync.Mutex
	used map[string]int            // by dataset; guarded by mu
	ids  map[string]map[string]int // by dataset and id; guarded by mu
}

func newUploads() *uploads {
	return &uploads{used: map[string]int{}, ids: map[string]map[string]int{}}
}

// next returns a number; false: there are no more.
func (u *uploads) next(dataset string) (int, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := u.used[dataset]
	if n == maxUploads {
		return 0, false
	}
	u.used[dataset]++
	return n, true
}

// add notes the id of one that was answered.
func (u *uploads) add(b *begun) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ids[b.dataset] == nil {
		u.ids[b.dataset] = map[string]int{}
	}
	u.ids[b.dataset][b.id] = b.number
}

// number returns that of an id; false: its client never got to know it.
func (u *uploads) number(dataset, id string) (int, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	n, ok := u.ids[dataset][id]
	return n, ok
}

// known returns which uploads have an id that is known by now.
func (u *uploads) known(dataset string) (k [maxUploads]bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, n := range u.ids[dataset] {
		k[n] = true
	}
	return k
}
