package manifest

import (
	"context"
	"fmt"
	"iter"
)

// Node is a decoded node of a tree. It is immutable.
type Node struct {
	blocks []*Block
	weight int
}

// DecodeNode decodes and verifies a node of the store by its name.
func DecodeNode(name Digest, b []byte) (*Node, error) {
	return nil, fmt.Errorf("node %s of %d bytes: %w", name, len(b), ErrFormat)
}

// Weight is the node's size in memory in bytes, about.
func (n *Node) Weight() int { return n.weight }

// Blocks is the blocks of the pool that the node's values name.
func (n *Node) Blocks() []*Block { return n.blocks }

// Load returns the state that f keeps, after segment f.Base.
func Load(ctx context.Context, nodes Nodes, f Fold) (*State, error) {
	_, err := nodes.Node(ctx, f.Root)
	return nil, err
}

// LoadHub returns the hub that f keeps, after segment f.Base. All of it is
// read.
func LoadHub(ctx context.Context, nodes Nodes, f Fold) (*Hub, error) {
	_, err := nodes.Node(ctx, f.Root)
	return nil, err
}

// Write takes a node that is to be kept in the store under a name. It may be
// called concurrently.
type Write func(ctx context.Context, name Digest, node []byte) error

// Tree writes the state as a tree and returns the name of its root. Only nodes
// are written that the tree of s.Fold does not have, children before parents.
// sum is the SHA-256 of segment s.N. move, which is called by one goroutine at
// a time, turns a recipe that Embedded yields into one that names blocks of the
// pool alone.
func (s *State) Tree(ctx context.Context, sum Digest, move func(Recipe) (Recipe, error), write Write) (Digest, error) {
	return Digest{}, ErrFormat
}

// Tree is as that of a State.
func (h *Hub) Tree(ctx context.Context, sum Digest, write Write) (Digest, error) {
	return Digest{}, ErrFormat
}

// Embedded yields, in the order of their keys, the recipes that name embedded
// blocks: what a fold has to move.
func (s *State) Embedded() iter.Seq[Recipe] {
	return func(yield func(Recipe) bool) {
		more := true
		give := func(r Recipe) bool {
			if r.embedded() {
				more = yield(r)
			}
			return more
		}
		s.tags.Scan(func(t *tag) bool {
			t.entries.Scan(func(e *Entry) bool { return give(e.Recipe) })
			return more
		})
		if !more {
			return
		}
		s.uploads.Scan(func(u *OpenUpload) bool {
			u.parts.Scan(func(p *uploadPart) bool { return give(p.recipe) })
			return more
		})
	}
}

func (r Recipe) embedded() bool {
	for _, x := range r {
		if x.Block.Embedded() {
			return true
		}
	}
	return false
}
