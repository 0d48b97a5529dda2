package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"

	"aetherfs/backend"
	"aetherfs/internal/auth"
	"aetherfs/internal/config"
	"aetherfs/internal/kv"
	"aetherfs/internal/manifest"
	"aetherfs/nfs"
)

// handlesFor is what the key of NFS's handles is derived for.
const handlesFor = "aetherfs nfs handles 1"

// serveNFS serves NFS, if it was asked for, until the gateway is closed.
func (g *gateway) serveNFS(ctx context.Context, c *config.Config, tree backend.Reader, owner keyPair, log *slog.Logger) error {
	if c.NFSListen == "" {
		return nil
	}
	id, err := manifest.ParseID(g.repository.ID)
	if err != nil {
		return fmt.Errorf("repository id: %w", err)
	}
	key, err := auth.Derive(owner.secret, id[:], handlesFor)
	if err != nil {
		return err
	}
	o := nfs.Options{
		Tree: tree, Names: names{g.cache, g.cache.Space("nfs")}, Key: key,
		Access: nfs.Access{Networks: c.NFSAllow}, Observe: g.metrics.NFS, Log: log,
	}
	if c.NFSExport != nil {
		o.Exported = func(dataset string) bool { return slices.Contains(c.NFSExport, dataset) }
	}
	server, err := nfs.New(o)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.NFSListen)
	if err != nil {
		return fmt.Errorf("listen for nfs: %w", err)
	}
	log.Info("serving nfs", "address", listener.Addr().String(), "networks", c.NFSAllow)
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	g.onClose(func(context.Context) error {
		stop()
		return <-ended
	})
	return nil
}

// names is what is known of the names behind handles, in the cache folder.
type names struct {
	db    *kv.DB
	space *kv.Space
}

// Name implements nfs.Names.
func (n names) Name(h nfs.Hash) (string, bool) {
	name, ok := n.space.Get(h[:])
	return string(name), ok
}

// Remember implements nfs.Names. What is there is not written again.
func (n names) Remember(all []nfs.Named) {
	var pairs []kv.Pair
	for _, x := range all {
		if known, ok := n.Name(x.Hash); !ok || known != x.Name {
			pairs = append(pairs, kv.Pair{Key: x.Hash[:], Value: []byte(x.Name)})
		}
	}
	if len(pairs) > 0 {
		n.space.PutAll(pairs)
		n.db.Sync()
	}
}
