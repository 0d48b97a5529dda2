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
	"strings"
	"time"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/auth"
	"aetherfs/internal/config"
	"aetherfs/internal/kv"
	"aetherfs/internal/metrics"
	"aetherfs/internal/store"
	"aetherfs/internal/upkeep"
	"aetherfs/internal/web"
	"aetherfs/internal/web/files"
	"aetherfs/s3api"
	"aetherfs/webdav"
)

// runGateway serves until ctx ends. What it was asked to store by then is
// stored when it returns.
func runGateway(ctx context.Context, c *config.Config, stdout io.Writer, log *slog.Logger) (err error) {
	debug.SetMemoryLimit(collected(c.Memory))
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
	handler    http.Handler
	metrics    *metrics.Metrics
	repository catalog.Repository
	cache      *kv.DB
	closers    []func(context.Context) error
}

// open opens the gateway, floor by floor.
func open(ctx context.Context, c *config.Config, keys keyPair, log *slog.Logger) (g *gateway, err error) {
	g = &gateway{metrics: metrics.New(version)}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close(ctx))
		}
	}()
	objects, exclusive, err := g.openStore(ctx, c, log)
	if err != nil {
		return g, err
	}
	names, bytes, err := g.openNamesAndBytes(ctx, c, objects, exclusive, log)
	if err != nil {
		return g, err
	}
	g.keep(ctx, names, bytes, log)
	tree := backend.New(names, bytes)
	ring, err := g.openKeys(ctx, keys, names, exclusive, log)
	if err != nil {
		return g, err
	}
	g.handler = g.frontEnds(c, objects, tree, ring, log)
	return g, g.serveNFS(ctx, c, tree, keys, log)
}

// openNamesAndBytes opens floor 3, and the cache that it may use.
func (g *gateway) openNamesAndBytes(ctx context.Context, c *config.Config, objects store.Store, exclusive bool, log *slog.Logger) (*catalog.Catalog, *dedupe.Engine, error) {
	cut := catalog.Chunker{Algorithm: "fastcdc", Average: dedupe.DefaultChunkBytes}
	repository, err := catalog.OpenRepository(ctx, objects, rand.Reader, cut)
	if err != nil {
		return nil, nil, fmt.Errorf("open repository %s: %w", c.Store, err)
	}
	g.repository = repository
	cache, err := kv.Open(filepath.Join(c.Data, "catalog"), repository.ID, kv.Options{Log: log, Memory: c.Memory / kvShare})
	if err != nil {
		return nil, nil, err
	}
	g.cache = cache
	g.onClose(func(context.Context) error { return cache.Close() })
	verify := dedupe.ByDigest
	if exclusive {
		verify = dedupe.ByCRC // nobody else writes to this machine's disk
	}
	bytes, err := dedupe.Open(dedupe.Options{
		Store: objects, KV: cache, Verify: verify, Segment: catalog.SegmentKey,
		ChunkBytes: repository.Chunker.Average,
		CacheBytes: cacheBytes(c.Memory), BlockMemory: c.Memory / blockShare, WorkBytes: c.Memory / workShare,
	})
	if err != nil {
		return nil, nil, err
	}
	g.onClose(func(context.Context) error { return bytes.Close() })
	g.metrics.Dedupe(bytes.Stats)
	names, err := catalog.Open(ctx, catalog.Options{
		Store: objects, Embedder: bytes, Rand: rand.Reader, Now: time.Now, Date: repository.Date, Committed: g.metrics.Commit,
		KV: cache, NodeBytes: c.Memory / nodeShare, Exclusive: exclusive, Staleness: c.ReadStaleness,
	})
	if err != nil {
		return nil, nil, err
	}
	g.onClose(names.Close)
	return names, bytes, nil
}

// keep looks after the logs until the gateway is closed.
func (g *gateway) keep(ctx context.Context, names *catalog.Catalog, bytes *dedupe.Engine, log *slog.Logger) {
	keeper := upkeep.New(upkeep.Options{Names: names, Bytes: bytes, Log: log})
	g.metrics.Upkeep(keeper.Stats)
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		keeper.Run(ctx)
	}()
	g.onClose(func(context.Context) error {
		stop()
		<-done
		return nil
	})
}

// frontEnds makes floor 5, on one port.
func (g *gateway) frontEnds(c *config.Config, objects store.Store, tree backend.Tree, ring *auth.Ring, log *slog.Logger) http.Handler {
	verifier := &auth.Verifier{Keys: ring, Region: c.Region}
	seenBy := func(who auth.Identity) backend.Tree { return backend.Guarded(tree, who) }
	s3 := s3api.New(s3api.Options{
		Tree: seenBy, Verifier: verifier, Domains: c.S3Domains, Region: c.Region, Log: log, RequestID: rand.Text,
		Observe: func(o s3api.Observation) { g.metrics.Request(o.Operation, o.Status, o.Duration, o.In, o.Out) },
	})
	shown := files.New(files.Options{
		Tree:     func(who auth.Identity) backend.Reader { return seenBy(who) },
		Verifier: verifier, Prefix: web.FilesPath, CacheBytes: c.Memory / packedShare, Log: log,
	})
	g.onClose(func(context.Context) error { shown.Close(); return nil })
	return web.New(web.Options{
		S3: s3, Domains: c.S3Domains, Files: shown, WebDAV: g.webDAV(c, seenBy, verifier, log),
		Metrics: g.metrics.Handler(), MetricsOpen: c.MetricsOpen,
		Ready: func(ctx context.Context) error { return answers(ctx, objects) },
		Tree:  seenBy, Verifier: verifier, Keys: ring, Log: log,
	})
}

// webDAV makes the view for writing, and for its reads a file view of its own.
func (g *gateway) webDAV(c *config.Config, seenBy func(auth.Identity) backend.Tree, verifier *auth.Verifier, log *slog.Logger) http.Handler {
	reads := files.New(files.Options{
		Tree:     func(who auth.Identity) backend.Reader { return seenBy(who) },
		Verifier: verifier, Prefix: web.WebDAVPath, Drive: true, Log: log,
	})
	g.onClose(func(context.Context) error {
		reads.Close()
		return nil
	})
	return webdav.New(webdav.Options{
		Tree: seenBy, Verifier: verifier, Files: reads, Prefix: strings.TrimSuffix(web.WebDAVPath, "/"),
		SideFiles: c.WebDAVSideFiles, Log: log,
	})
}

// Shares of --memory. The rest is for connections, the states of the datasets
// and the collector.
const (
	blockShare = 8 // one part in 8 for blocks that are open or on their way
	nodeShare  = 8 // one part in 8 for nodes of folded datasets
	workShare  = 8 // one part in 8 for buffers of files on their way in and out
	kvShare    = 8 // one part in 8, at most 64 MiB, for Badger

	packedShare = 32 // one part in 32 for compressed answers over HTTP

	pendingShare = 16 // one part in 16 for what is on its way to the disk cache
)

// collected is what the collector may use. Beside that there are the program
// itself, of which some 16 MiB are in memory, and the files that Badger maps:
// 51 MiB in all after 64 GiB were put.
func collected(memory int64) int64 { return memory - min(48<<20, memory/16*3) }

// cacheBytes is the share of frames that were read: 3 parts in 8 of what is the
// collector's.
func cacheBytes(memory int64) int64 { return collected(memory) / 8 * 3 }

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
