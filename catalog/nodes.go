package catalog

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"aetherfs/internal/journal"
	"aetherfs/internal/kv"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"

	"github.com/maypok86/otter/v2"
)

// DefaultNodeBytes bounds the decoded nodes in memory where Options say
// nothing: those of some 100,000 names.
const DefaultNodeBytes = 32 << 20

// maxNodeBytes bounds what is read into memory as one node: 4 MiB of elements,
// one more, and a table of blocks.
const maxNodeBytes = 16 << 20

// nodes finds the nodes of folded states: decoded in memory, as bytes in the
// cache folder, and for good in the store.
type nodes struct {
	st     store.Store
	disk   *kv.Space // name → bytes
	memory *otter.Cache[manifest.Digest, *manifest.Node]
}

func newNodes(o *Options) *nodes {
	return &nodes{
		st:   o.Store,
		disk: o.KV.Space("nodes"),
		memory: otter.Must(&otter.Options[manifest.Digest, *manifest.Node]{
			MaximumWeight: uint64(o.NodeBytes),
			Weigher:       func(_ manifest.Digest, n *manifest.Node) uint32 { return uint32(n.Weight()) },
		}),
	}
}

func (n *nodes) close() { n.memory.StopAllGoroutines() }

// find returns a node of the folder: manifest.ErrGone if the store does not
// hold it. Those who ask for one at the same time share a request, and when
// it ends with the context of the one who made it, another does.
func (n *nodes) find(ctx context.Context, folder string, name manifest.Digest) (*manifest.Node, error) {
	return n.memory.Get(ctx, name, otter.LoaderFunc[manifest.Digest, *manifest.Node](func(ctx context.Context, name manifest.Digest) (*manifest.Node, error) {
		return n.read(ctx, folder, name)
	}))
}

func (n *nodes) read(ctx context.Context, folder string, name manifest.Digest) (*manifest.Node, error) {
	if raw, ok := n.disk.Get(name[:]); ok {
		if node, err := manifest.DecodeNode(name, raw); err == nil {
			return node, nil
		}
	}
	raw, err := n.fetch(ctx, folder, name)
	if err != nil {
		return nil, err
	}
	node, err := manifest.DecodeNode(name, raw)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", nodeKey(folder, name), err)
	}
	n.disk.Put(name[:], raw)
	return node, nil
}

// keep takes a node that came with something else. Its name was checked.
func (n *nodes) keep(name manifest.Digest, raw []byte) {
	if node, err := manifest.DecodeNode(name, raw); err == nil {
		n.memory.Set(name, node)
		n.disk.Put(name[:], raw)
	}
}

// bytes returns a node as it is stored.
func (n *nodes) bytes(ctx context.Context, folder string, name manifest.Digest) ([]byte, error) {
	if raw, ok := n.disk.Get(name[:]); ok && sha256.Sum256(raw) == name {
		return raw, nil
	}
	return n.fetch(ctx, folder, name)
}

// fetch reads a node from the store and compares it with its name. A second look
// tells a damaged answer from a damaged object.
func (n *nodes) fetch(ctx context.Context, folder string, name manifest.Digest) ([]byte, error) {
	raw, err := n.glance(ctx, folder, name)
	if err == nil && sha256.Sum256(raw) != name {
		raw, err = n.glance(ctx, folder, name)
	}
	if err == nil && sha256.Sum256(raw) != name {
		err = fmt.Errorf("read %s: it does not match its name: %w", nodeKey(folder, name), manifest.ErrFormat)
	}
	return raw, err
}

func (n *nodes) glance(ctx context.Context, folder string, name manifest.Digest) ([]byte, error) {
	key := nodeKey(folder, name)
	raw, info, err := n.st.Get(ctx, key, store.Range{Len: maxNodeBytes})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, fmt.Errorf("read %s: %w", key, manifest.ErrGone)
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", key, err)
	case info.Size > maxNodeBytes:
		return nil, fmt.Errorf("read %s: %d bytes: %w", key, info.Size, manifest.ErrFormat)
	}
	return raw, nil
}

// write makes a node durable.
func (n *nodes) write(ctx context.Context, folder string, name manifest.Digest, raw []byte) error {
	key := nodeKey(folder, name)
	if _, err := n.st.Put(ctx, key, raw, store.Cond{}); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	n.disk.Put(name[:], raw)
	return nil
}

func nodeKey(folder string, name manifest.Digest) string {
	return fmt.Sprintf("%s%x/%x", folder, name[:1], name[1:])
}

// lineNodes is the nodes that one log's states name.
type lineNodes struct {
	c  *Catalog
	id manifest.ID
	at place
}

// Node implements manifest.Nodes.
func (l *lineNodes) Node(ctx context.Context, name manifest.Digest) (*manifest.Node, error) {
	return l.c.nodes.find(ctx, l.at.nodes, name)
}

// Embedded implements manifest.Nodes: it reads the block of a segment that a
// fold has taken in, for the records of the tail that still name it.
func (l *lineNodes) Embedded(ctx context.Context, slot uint64) (*manifest.Block, error) {
	s, err := journal.Read(ctx, l.c.o.Store, l.at.log, l.id, slot)
	switch {
	case errors.Is(err, journal.ErrRetired):
		return nil, fmt.Errorf("%w: %w", manifest.ErrGone, err)
	case errors.Is(err, journal.ErrFormat):
		return nil, fmt.Errorf("%w: %w", manifest.ErrFormat, err)
	case err != nil || len(s.Block) == 0:
		return nil, err
	}
	return l.c.o.Embedder.Describe(l.id, slot, s.Base, s.Block)
}
