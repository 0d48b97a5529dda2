package nfs_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"iter"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/store"
	"aetherfs/nfs"
)

const dataset = "data-set"

var handleKey = bytes.Repeat([]byte{7}, nfs.KeyBytes)

// newTree returns a tree on a store in memory, with an empty dataset.
func newTree(t testing.TB) backend.Tree {
	t.Helper()
	st := store.NewMemory()
	engine, err := dedupe.Open(dedupe.Options{Store: st, Segment: catalog.SegmentKey})
	if err != nil {
		t.Fatal(err)
	}
	names, err := catalog.Open(t.Context(), catalog.Options{Store: st, Embedder: engine, Rand: rand.Reader, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := names.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	tree := backend.New(names, engine)
	if err := tree.CreateDataset(t.Context(), dataset); err != nil {
		t.Fatal(err)
	}
	return tree
}

// change puts files in one transaction; nil removes one.
func change(t testing.TB, tree backend.Tree, files map[string][]byte) {
	t.Helper()
	tx, err := tree.Begin(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	for key, content := range files {
		p, err := backend.ParsePath(dataset, key)
		if err != nil {
			t.Fatal(err)
		}
		if content == nil {
			err = tx.Remove(t.Context(), p, backend.Cond{})
		} else {
			err = tx.Put(t.Context(), p, bytes.NewReader(content), backend.PutOptions{})
		}
		if err != nil {
			t.Fatalf("change %s: %v", p, err)
		}
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// memoryNames is names in a map.
type memoryNames struct {
	mu  sync.Mutex
	all map[nfs.Hash]string
}

func (m *memoryNames) Name(h nfs.Hash) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name, ok := m.all[h]
	return name, ok
}

func (m *memoryNames) Remember(names []nfs.Named) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil {
		m.all = map[nfs.Hash]string{}
	}
	for _, n := range names {
		m.all[n.Hash] = n.Name
	}
}

// counted counts what a server asks of the tree.
type counted struct {
	backend.Reader
	nodes, opens, dirs, lists atomic.Int64 // calls
	yielded                   atomic.Int64 // entries of listings
}

func (c *counted) Node(ctx context.Context, name string) (backend.Node, error) {
	c.nodes.Add(1)
	return c.Reader.Node(ctx, name)
}

func (c *counted) Open(ctx context.Context, p backend.Path) (*backend.File, error) {
	c.opens.Add(1)
	return c.Reader.Open(ctx, p)
}

func (c *counted) ReadDir(ctx context.Context, name, after string) iter.Seq2[backend.Node, error] {
	c.dirs.Add(1)
	return counting(&c.yielded, c.Reader.ReadDir(ctx, name, after))
}

func (c *counted) List(ctx context.Context, dataset string, q backend.Query) iter.Seq2[backend.Info, error] {
	c.lists.Add(1)
	return counting(&c.yielded, c.Reader.List(ctx, dataset, q))
}

func counting[T any](n *atomic.Int64, seq iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for x, err := range seq {
			n.Add(1)
			if !yield(x, err) {
				return
			}
		}
	}
}

// pipes is a listener for connections within the process.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2049} }

// local is a connection that comes from this machine, from one of its addresses.
type local struct {
	net.Conn
	address byte
}

func (l local) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(127, 0, 0, l.address), Port: 700}
}

// server is a server that runs.
type server struct {
	t     testing.TB
	pipes *pipes
	stop  func()
}

// serve starts a server; the end of the test stops it, if nothing else does.
func serve(t testing.TB, tree backend.Reader, adjust ...func(*nfs.Options)) *server {
	t.Helper()
	o := nfs.Options{Tree: tree, Names: &memoryNames{}, Key: handleKey}
	for _, a := range adjust {
		a(&o)
	}
	s, err := nfs.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, p) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve returned %v", err)
		}
	})
	t.Cleanup(stop)
	return &server{t, p, stop}
}

func (s *server) dial() *client { return s.dialFrom(1) }

func (s *server) dialFrom(address byte) *client {
	near, far := net.Pipe()
	s.pipes.conns <- local{far, address}
	s.t.Cleanup(func() { _ = near.Close() })
	return &client{t: s.t, c: near}
}
