package crashdisk

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// node is a file or a folder.
type node struct {
	folder   bool
	modified time.Time

	// Of a file.
	data    []byte // visible
	synced  []byte // durable
	dropped bool   // a sync failed: none will cover what was written

	// Of a folder. A name that is nil in a history was removed.
	names   map[string]*node   // visible
	history map[string][]*node // what changed names stood for: when last synced, and since
	lost    map[string]bool    // changed names that a failed sync dropped
}

func newFolder() *node {
	return &node{folder: true, names: map[string]*node{}, history: map[string][]*node{}, lost: map[string]bool{}}
}

// set makes a name of a folder stand for to, or for nothing.
func (n *node) set(name string, to *node) {
	if len(n.history[name]) == 0 {
		n.history[name] = []*node{n.names[name]}
	}
	n.history[name] = append(n.history[name], to)
	delete(n.lost, name)
	if to == nil {
		delete(n.names, name)
		return
	}
	n.names[name] = to
}

// changed returns what the changed names of a folder stand for now.
func (n *node) changed() map[string]*node {
	now := map[string]*node{}
	for name := range n.history {
		now[name] = n.names[name]
	}
	return now
}

// syncNames makes what changed returned earlier durable. Changes since then
// stay to be synced.
func (n *node) syncNames(covered map[string]*node) {
	for name, to := range covered {
		past := n.history[name]
		at := len(past) - 1
		for at >= 0 && past[at] != to {
			at--
		}
		switch {
		case at < 0 || n.lost[name]:
		case at == len(past)-1:
			delete(n.history, name)
		default:
			n.history[name] = past[at:]
		}
	}
}

func (n *node) dropNames() {
	for name := range n.history {
		n.lost[name] = true
	}
}

func (n *node) sync() {
	if !n.dropped {
		n.synced = slices.Clone(n.data)
	}
}

// syncAll syncs all that is under a folder.
func (n *node) syncAll() {
	n.syncNames(n.changed())
	for _, in := range n.names {
		if in.folder {
			in.syncAll()
		} else {
			in.sync()
		}
	}
}

// crash leaves of n, and of what is under it, what was synced and chance parts
// of what was not. done holds the nodes that were seen to.
func (n *node) crash(rng *rand.Rand, done map[*node]bool) {
	if done[n] {
		return
	}
	done[n] = true
	if !n.folder {
		n.tear(rng)
		return
	}
	// A crash loses all, nothing, or some: each is a case of its own.
	mood := rng.IntN(3)
	for _, name := range slices.Sorted(maps.Keys(n.history)) {
		past := n.history[name]
		kept := past[[]int{0, len(past) - 1, rng.IntN(len(past))}[mood]]
		if n.names[name] = kept; kept == nil {
			delete(n.names, name)
		}
	}
	clear(n.history)
	clear(n.lost)
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		n.names[name].crash(rng, done)
	}
}

// tear makes a file of any length between what was synced and what was written,
// each sector as written or as synced; where nothing was synced, zeros.
func (n *node) tear(rng *rand.Rand) {
	low, high := len(n.synced), len(n.data)
	size := []int{low, high, low + rng.IntN(max(high-low, 0)+1)}[rng.IntN(3)]
	torn := make([]byte, size)
	copy(torn, n.synced)
	mood := rng.IntN(3)
	for at := 0; at < size; at += sectorBytes {
		if written := []bool{false, true, rng.IntN(2) == 0}[mood]; written {
			end := min(at+sectorBytes, size)
			copy(torn[at:end], n.data[at:end])
		}
	}
	n.data, n.synced, n.dropped = torn, slices.Clone(torn), false
}
