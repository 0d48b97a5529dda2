package manifest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Limits of what lies inside another node, in stored bytes.
const (
	maxInlineBytes = 1 << 10
	maxInlineRoot  = 64 << 10 // in a root
)

// cuts says where nodes end and what lies in nodes of its own.
type cuts struct {
	least, mean, most int // elements of a node; least is at least 2
	bytes             int // of its elements, plain
	inline, inRoot    int // stored bytes of a node inside another
	detail            int // bytes of a recipe and parts among entries
}

// nodeCuts makes leaves of 4,096 files, 300 KB stored: one changed file in a
// tag of ten millions writes two of them.
var nodeCuts = cuts{least: 512, mean: 4096, most: 32 << 10, bytes: 4 << 20, inline: maxInlineBytes, inRoot: maxInlineRoot, detail: 4 << 10}

// behind reports whether a node of count elements ends behind key, as far as
// the key has to say.
func (c *cuts) behind(key string, count int) bool {
	if count < c.least {
		return false
	}
	sum := sha256.Sum256([]byte(key))
	return binary.BigEndian.Uint64(sum[:])%uint64(c.mean) == 0
}

// writer puts nodes into the store.
type writer struct {
	cuts  cuts
	epoch uint64
	nodes Nodes // of the tree that is built on
	move  func(Recipe) (Recipe, error)
	write Write
}

// put returns the ref to a node of so many elements: a short one lies in
// whatever names it.
func (w *writer) put(ctx context.Context, kind, level byte, count int, elements *encoder, inline int) (ref, error) {
	b, plain := encodeNode(kind, level, w.epoch, count, elements)
	n, err := decodeNode(b, maxPlainBytes)
	if err != nil { // what no gateway would take must not become part of a fold
		return ref{}, fmt.Errorf("encode node of kind %d, %d elements: %w", kind, count, err)
	}
	if len(b) <= inline && plain <= inline*maxExpansion && len(b) != len(Digest{}) {
		return ref{raw: b, node: n}, nil
	}
	name := Digest(sha256.Sum256(b))
	return ref{name: name}, w.write(ctx, name, b)
}

// single puts a node with one element, which has no key.
func single[V any](ctx context.Context, w *writer, f *form[V], v V) (ref, error) {
	var e, value encoder
	f.encode(&value, v)
	e.blocks = value.blocks
	e.uint(0)
	e.string("")
	e.bytes(value.b)
	return w.put(ctx, f.kind, 0, 1, &e, 0)
}
