package manifest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"sort"
)

// Kinds of nodes. The numbers are stored.
const (
	kindRoot     = 1
	kindTags     = 2
	kindEntries  = 3
	kindUploads  = 4
	kindParts    = 5
	kindDetail   = 6
	kindDatasets = 7
	kindKeys     = 8
	kindSettings = 9
)

// Node is a decoded node of a tree. It is immutable.
//
// A leaf keeps its values encoded, a quarter of what they take decoded, and
// each is decoded when it is asked for.
type Node struct {
	kind     byte
	level    byte // 0: a leaf
	epoch    uint64
	blocks   []*Block
	keys     []string // ascending; above the leaves: the least below each child
	values   [][]byte // of a leaf
	children []child  // of the others
	count    uint64   // of the values in and below the node
	weight   int      // bytes
	refs     []Digest // nodes that this one names
	below    []*Block // of the nodes that lie inside this one
}

// child is an element of a node above the leaves.
type child struct {
	ref
	count uint64 // values of the leaves below it
}

// ref leads to a node: by its name, or it is here. The zero ref leads to none.
type ref struct {
	name Digest
	raw  []byte // of a node that is here, with node
	node *Node
}

func (r ref) isZero() bool { return r.node == nil && r.name == Digest{} }

// bytes is how r is stored.
func (r ref) bytes() []byte {
	switch {
	case r.node != nil:
		return r.raw
	case r.isZero():
		return nil
	}
	return r.name[:]
}

// DecodeNode decodes a node of the store and checks that it has the name and is
// what a gateway writes: ErrFormat.
func DecodeNode(name Digest, b []byte) (*Node, error) {
	if sum := sha256.Sum256(b); sum != name {
		return nil, fmt.Errorf("node %s has sum %s: %w", name, Digest(sum), ErrFormat)
	}
	n, err := decodeNode(b, maxPlainBytes)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", name, err)
	}
	return n, nil
}

// Weight is the size of the node in memory, in bytes, about.
func (n *Node) Weight() int { return n.weight }

// Blocks is the blocks of the pool that values in the node name.
func (n *Node) Blocks() []*Block { return slices.Concat(n.blocks, n.below) }

// Nodes is the names of the nodes that this one names: what has to be kept with
// it.
func (n *Node) Nodes() []Digest { return n.refs }

// Epoch is the collection epoch in which the node was written.
func (n *Node) Epoch() uint64 { return n.epoch }

// under is the number of the child under which key lies, if it is anywhere.
func (n *Node) under(key string) int {
	return max(sort.Search(len(n.keys), func(i int) bool { return n.keys[i] > key })-1, 0)
}

// from is the number of the first element whose key is not less than key.
func (n *Node) from(key string) int { return sort.SearchStrings(n.keys, key) }

// open returns the node that r leads to, of a kind.
func (r ref) open(ctx context.Context, nodes Nodes, kind byte) (*Node, error) {
	n := r.node
	if n == nil {
		var err error
		if n, err = nodes.Node(ctx, r.name); err != nil {
			return nil, &unread{fmt.Errorf("read node %s: %w", r.name, err)}
		}
	}
	if n.kind != kind {
		return nil, &unread{fmt.Errorf("node %s is of kind %d, not %d: %w", r.name, n.kind, kind, ErrFormat)}
	}
	return n, nil
}

// open returns child i of n.
func (n *Node) open(ctx context.Context, nodes Nodes, i int) (*Node, error) {
	r := n.children[i]
	c, err := r.open(ctx, nodes, n.kind)
	if err != nil {
		return nil, err
	}
	if c.level+1 != n.level || c.keys[0] != n.keys[i] || c.count != r.count {
		return nil, &unread{fmt.Errorf("node %s is not the child it should be: %w", r.name, ErrFormat)}
	}
	return c, nil
}
