package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/auth"
	"aetherfs/internal/config"
	"aetherfs/internal/kv"
	"aetherfs/internal/metrics"
	"aetherfs/internal/store"
	"aetherfs/internal/store/dirstore"
	"aetherfs/internal/web"
	"aetherfs/s3api"
)

// runGateway serves until ctx ends. What it was asked to store by then is
// stored when it returns.
func runGateway(ctx context.Context, c *config.Config, stdout io.Writer, log *slog.Logger) (err error) {
	debug.SetMemoryLimit(c.Memory)
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	keys, minted, err := credentials(c)
	if err != nil {
		return err
	}
	listener, err := listen(ctx, c, log)
	if err != nil {
		return err
	}
	defer listener.Close()
	g, err := open(ctx, c, keys, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.close(context.WithoutCancel(ctx))) }()

	greet(stdout, c, listener.Addr(), minted)
	log.Info("serving", "address", listener.Addr().String(), "tls", c.TLSCert != "", "store", c.Store, "version", version)
	if err := serve(ctx, listener, g.handler, log, drainTimeout); err != nil {
		return err
	}
	log.Info("stopped")
	return nil
}

// gateway is everything that serves, opened.
type gateway struct {
	handler http.Handler
	closers []func(context.Context) error
}

// open opens the gateway, floor by floor.
func open(ctx context.Context, c *config.Config, keys keyPair, log *slog.Logger) (g *gateway, err error) {
	g = &gateway{}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close(ctx))
		}
	}()
	m := metrics.New(version)

	// 1: the store and what is known of it
	folder, err := dirstore.Open(c.Store, dirstore.Options{})
	if err != nil {
		return g, err
	}
	g.onClose(func(context.Context) error { return folder.Close() })
	objects := store.Observed(folder, m, nil)

	// 3: names and bytes
	repository, err := catalog.OpenRepository(ctx, objects, rand.Reader, catalog.Chunker{Algorithm: "fastcdc", Average: dedupe.DefaultChunkBytes})
	if err != nil {
		return g, fmt.Errorf("open repository %s: %w", c.Store, err)
	}
	cache, err := kv.Open(filepath.Join(c.Data, "catalog"), repository.ID, kv.Options{Log: log})
	if err != nil {
		return g, err
	}
	g.onClose(func(context.Context) error { return cache.Close() })
	bytes, err := dedupe.Open(dedupe.Options{
		Store: objects, KV: cache, Verify: dedupe.ByCRC, Segment: catalog.SegmentKey,
		ChunkBytes: repository.Chunker.Average,
		CacheBytes: c.Memory / cacheShare, BlockMemory: c.Memory / blockShare,
	})
	if err != nil {
		return g, err
	}
	g.onClose(func(context.Context) error { return bytes.Close() })
	m.Dedupe(bytes.Stats)
	names, err := catalog.Open(ctx, catalog.Options{Store: objects, Embedder: bytes, Rand: rand.Reader, Now: time.Now, Committed: m.Commit})
	if err != nil {
		return g, err
	}
	g.onClose(names.Close)

	// 4: the tree
	tree := backend.New(names, bytes)

	// 5: the front ends, on one port
	verifier := &auth.Verifier{Keys: auth.Static{keys.access: keys.secret}, Region: c.Region}
	treeOf := func(who auth.Identity) backend.Tree { return backend.Guarded(tree, who) }
	g.handler = web.New(web.Options{
		S3: s3api.New(s3api.Options{
			Tree: treeOf, Verifier: verifier, Domains: c.S3Domains, Region: c.Region, Log: log,
			RequestID: rand.Text,
			Observe:   func(o s3api.Observation) { m.Request(o.Operation, o.Status, o.Duration, o.In, o.Out) },
		}),
		Domains: c.S3Domains,
		Metrics: m.Handler(), MetricsOpen: c.MetricsOpen,
		Ready: func(ctx context.Context) error { return answers(ctx, folder) },
		Tree:  treeOf, Verifier: verifier, Log: log,
	})
	return g, nil
}

// Shares of --memory. The rest is for requests, Badger and the states of the
// datasets.
const (
	cacheShare = 8 // one part in 8 for frames that were read
	blockShare = 8 // one part in 8 for blocks that are open or on their way
)

// answers reports whether the store does.
func answers(ctx context.Context, st store.Store) error {
	for _, err := range st.List(ctx, "hub/", "") {
		return err
	}
	return nil
}

func (g *gateway) onClose(f func(context.Context) error) { g.closers = append(g.closers, f) }

// flushTimeout is for what is queued when the last request has ended.
const flushTimeout = 30 * time.Second

// close closes what was opened, the last first.
func (g *gateway) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	var errs []error
	for i := len(g.closers) - 1; i >= 0; i-- {
		errs = append(errs, g.closers[i](ctx))
	}
	return errors.Join(errs...)
}
