package webdav

import "container/heap"

// expiryHeap holds locks, the first to end in front. A lock knows its index.
type expiryHeap []*lock

func (h *expiryHeap) add(k *lock)    { heap.Push(h, k) }
func (h *expiryHeap) moved(k *lock)  { heap.Fix(h, k.index) }
func (h *expiryHeap) remove(k *lock) { heap.Remove(h, k.index) }

// Len implements heap.Interface.
func (h expiryHeap) Len() int { return len(h) }

// Less implements heap.Interface.
func (h expiryHeap) Less(i, j int) bool { return h[i].until.Before(h[j].until) }

// Swap implements heap.Interface.
func (h expiryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *expiryHeap) Push(x any) {
	k := x.(*lock)
	k.index = len(*h)
	*h = append(*h, k)
}

// Pop implements heap.Interface.
func (h *expiryHeap) Pop() any {
	last := len(*h) - 1
	k := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return k
}
