package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"aetherfs/dedupe"
	"aetherfs/internal/config"
	"aetherfs/internal/store"
	"aetherfs/internal/store/dirstore"
	"aetherfs/internal/store/probe"
	"aetherfs/internal/store/rangecache"
	"aetherfs/internal/store/s3store"
)

// patience outlasts the seconds for which a bucket that is asked too much
// refuses: 8 attempts take about 5 s.
var patience = store.RetryOptions{Attempts: 8}

// openStore opens floor 1: a folder, which is this process's alone, or a
// bucket, which others may be changing too. A bucket that does not keep what a
// store promises is opened for reading only.
func (g *gateway) openStore(ctx context.Context, c *config.Config, log *slog.Logger) (objects store.Store, exclusive bool, err error) {
	raw, err := openRaw(c, log)
	if err != nil {
		return nil, false, err
	}
	g.onClose(func(context.Context) error { return raw.Close() })
	objects = store.Observed(raw, g.metrics, nil)
	if !c.Remote() {
		return objects, true, nil
	}
	objects = store.Retried(objects, patience)
	report, err := probe.Probe(ctx, objects, probe.Options{Rand: rand.Reader, Now: time.Now, Quick: true})
	if err != nil {
		return nil, false, fmt.Errorf("try the store %s: %w", c.Store, err)
	}
	for _, check := range report.Checks {
		if !check.Passed {
			log.Error("store: "+check.Tried, "found", check.Found, "follows", check.Follows)
		}
	}
	if objects, err = g.cached(objects, c, log); err != nil {
		return nil, false, err
	}
	if !report.Writable() {
		objects = store.ReadOnly(objects)
	}
	return objects, false, nil
}

// cached puts a cache on this machine's disk before a bucket. Segments stay
// out of it: one that was folded becomes a fence, which must be seen.
func (g *gateway) cached(objects store.Store, c *config.Config, log *slog.Logger) (store.Store, error) {
	if c.CacheSize == 0 {
		return objects, nil
	}
	cache, err := rangecache.Open(objects, rangecache.Options{
		Folder: filepath.Join(c.Data, "ranges"), Bytes: c.CacheSize, PartBytes: c.CachePart, Immutable: dedupe.IsBlock,
		Memory: c.Memory / pendingShare, Log: log,
	})
	if err != nil {
		return nil, err
	}
	g.onClose(func(context.Context) error { return cache.Close() })
	g.metrics.RangeCache(cache.Stats)
	return cache, nil
}

// rawStore is a store as it is, which has to be closed.
type rawStore interface {
	store.Store
	io.Closer
}

func openRaw(c *config.Config, log *slog.Logger) (rawStore, error) {
	if !c.Remote() {
		return dirstore.Open(c.Store, dirstore.Options{})
	}
	o, err := s3store.ParseURL(c.Store)
	if err != nil {
		return nil, err
	}
	o.AccessKey, o.SecretKey, o.Getenv = c.StoreAccessKey, c.StoreSecretKey, c.Getenv
	o.Proxy, o.Now, o.Log = http.ProxyFromEnvironment, time.Now, log
	return s3store.Open(o)
}
