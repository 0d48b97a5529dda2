package nfs

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"aetherfs/backend"
)

// Options of a Server. Tree, Names and Key are needed.
type Options struct {
	Tree  backend.Reader
	Names Names
	Key   []byte // of handles, KeyBytes: the same on every gateway of the store

	Access   Access
	Exported func(dataset string) bool // nil: all are

	// Observe is told of each call that was answered, from any goroutine.
	Observe func(procedure string, took time.Duration) // nil: nobody is told
	Now     func() time.Time                           // nil: time.Now
	Log     *slog.Logger                               // nil: silent
}

// Server shows a tree by NFS.
type Server struct{ o Options }

// New returns a server.
func New(o Options) (*Server, error) {
	if len(o.Key) != KeyBytes {
		return nil, fmt.Errorf("key of handles has %d bytes, want %d", len(o.Key), KeyBytes)
	}
	if o.Exported == nil {
		o.Exported = func(string) bool { return true }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{o}, nil
}

// Serve answers the clients that come to l until ctx ends, and then closes l
// and all connections. It returns nil then, or why l gives no more of them.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	life, end := context.WithCancel(ctx)
	defer end()
	v := newView(life, s.o)
	defer v.files.clear()
	clients := newListener(l, s.o.Access, connOptions{
		Exports: func() ([]string, error) { return v.exports(life) }, Observe: s.o.Observe, Now: s.o.Now,
	})
	defer clients.Close()
	v.share = clients.share
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		c, err := clients.Accept()
		if err != nil {
			end() // of what the connections are at
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("serve nfs on %s: %w", l.Addr(), err)
		}
		(&session{view: v, conn: c.(*conn)}).run(life)
	}
}

// view is the tree as the connections of a server share it.
type view struct {
	tree     backend.Reader
	key      []byte
	exported func(dataset string) bool
	log      *slog.Logger
	share    func() int      // bytes that a reply may carry
	life     context.Context // of what outlives a call: open files
	finder   *finder
	files    *recent[handle, *openFile]
	streams  atomic.Int32 // of files
	places   *recent[place, string]
}

func newView(life context.Context, o Options) *view {
	return &view{
		tree: o.Tree, key: o.Key, exported: o.Exported, log: o.Log, life: life,
		finder: &finder{
			tree: o.Tree, names: o.Names, exported: o.Exported, life: life, recent: newRecent[Hash, string](recentNames, nil),
		},
		files:  newRecent[handle](openFiles, (*openFile).close),
		places: newRecent[place, string](recentPlaces, nil),
	}
}

// handle reads a handle from arguments: errBadHandle.
func (v *view) handle(d *fields) (handle, error) {
	b := d.opaque(maxHandleBytes)
	if d.bad {
		return handle{}, errGarbage
	}
	return openHandle(v.key, b)
}

// node returns what a handle names: errStale if it is no longer there. Of a file
// that is open it is the version that is, whatever its key holds by now.
func (v *view) node(ctx context.Context, h handle) (backend.Node, error) {
	if o, ok := v.files.get(h); ok {
		return o.node, nil
	}
	name, err := v.finder.name(ctx, h)
	if err != nil {
		return backend.Node{}, err
	}
	n, err := v.tree.Node(ctx, name)
	if err != nil {
		return backend.Node{}, stale(err)
	}
	if handleOf(n) != h {
		return backend.Node{}, errStale
	}
	return n, nil
}

// nodeOf is node, of the handle in arguments that hold nothing else.
func (v *view) nodeOf(ctx context.Context, d *fields) (backend.Node, error) {
	h, err := v.handle(d)
	if err != nil {
		return backend.Node{}, err
	}
	return v.node(ctx, h)
}
