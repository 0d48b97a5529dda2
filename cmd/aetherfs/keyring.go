package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"aetherfs/catalog"
	"aetherfs/internal/auth"
	"aetherfs/internal/manifest"
)

// book is the keys in the hub, as internal/auth knows them.
type book struct{ names *catalog.Catalog }

func (b book) Key(access string) *auth.Sealed { return (*auth.Sealed)(b.names.Key(access)) }

func (b book) Keys() iter.Seq[*auth.Sealed] {
	return func(yield func(*auth.Sealed) bool) {
		for k := range b.names.Keys() {
			if !yield((*auth.Sealed)(k)) {
				return
			}
		}
	}
}

func (b book) Create(ctx context.Context, k auth.Sealed) error {
	return b.names.CreateKey(ctx, manifest.Key(k))
}

func (b book) Delete(ctx context.Context, access string) error {
	err := b.names.DeleteKey(ctx, access)
	if errors.Is(err, manifest.ErrNoKey) {
		return fmt.Errorf("%w: %w", auth.ErrNoKey, err)
	}
	return err
}

// openKeys returns the keys of the owner and those in the hub. If other gateways
// may change the hub, it is followed from now on.
func (g *gateway) openKeys(ctx context.Context, owner keyPair, names *catalog.Catalog, exclusive bool, log *slog.Logger) (*auth.Ring, error) {
	id, err := manifest.ParseID(g.repository.ID)
	if err != nil {
		return nil, fmt.Errorf("repository id: %w", err)
	}
	o := auth.RingOptions{Access: owner.access, Secret: owner.secret, Repository: id[:], Book: book{names}, Rand: rand.Reader}
	if !exclusive {
		o.Sync = names.SyncHub
		g.onClose(follow(ctx, names.SyncHub, log))
	}
	return auth.NewRing(o)
}

const (
	// hubPause is between two looks at what other gateways did to the hub: a key
	// that was deleted on another is refused within five seconds.
	hubPause = 4 * time.Second
	// hubTimeout is for one look: a request or two.
	hubTimeout = 10 * time.Second
)

// follow brings the hub up to date, again and again, until the returned stop is
// called, which waits for the end.
func follow(ctx context.Context, syncHub func(context.Context) error, log *slog.Logger) (stop func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(hubPause)
		defer ticker.Stop()
		for lost := false; ; {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
			err := within(ctx, hubTimeout, syncHub)
			if now := err != nil; now != lost && ctx.Err() == nil {
				lost = now
				tellHub(ctx, log, err)
			}
		}
	})
	return func(context.Context) error {
		cancel()
		done.Wait()
		return nil
	}
}

func within(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return f(ctx)
}

// tellHub logs, once, that the hub can no longer be followed, or can again.
func tellHub(ctx context.Context, log *slog.Logger, err error) {
	if err != nil {
		log.WarnContext(ctx, "what other gateways do to datasets and keys is not seen", "error", err)
		return
	}
	log.InfoContext(ctx, "what other gateways do to datasets and keys is seen again")
}
