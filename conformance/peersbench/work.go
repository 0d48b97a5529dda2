package main

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// readBuffer is what a client reads of an answer at once, in bytes.
const readBuffer = 1 << 20

// A mover is a client that puts and gets objects. Its methods may be called
// concurrently.
type mover interface {
	put(ctx context.Context, bucket, key string, body []byte) error
	get(ctx context.Context, key string) (io.ReadCloser, error)
}

// An opener returns a new client of a server.
type opener func(*server) mover

func bySDK(v *server) mover         { return newS3(v) }
func bySDKUnsigned(v *server) mover { return newUnsignedS3(v) }
func byMinio(v *server) mover       { return newMinio(v) }

// A turn is the work of one row on one server in one round.
type turn struct {
	*server
	corpus *corpus
	round  int
	dir    string // empty, for files of the client
}

// amount is what was done.
type amount struct {
	bytes int64
	ops   int
}

// each calls do for 0 to n-1 by so many workers, which have a buffer each.
func each(ctx context.Context, workers, n int, do func(ctx context.Context, i int, buf []byte) error) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range workers {
		g.Go(func() error {
			buf := make([]byte, readBuffer)
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				if err := do(ctx, int(i), buf); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// putAll puts the objects of a content.
func (t *turn) putAll(ctx context.Context, m mover, bucket string, c content, workers int) error {
	objects := t.corpus.bodies(c, t.round)
	err := each(ctx, workers, c.count, func(ctx context.Context, i int, _ []byte) error {
		if err := m.put(ctx, bucket, c.key(i), objects[i]); err != nil {
			return fmt.Errorf("put %s: %w", c.key(i), err)
		}
		return nil
	})
	if err == nil {
		t.held[c.name] = true
	}
	return err
}

// ensure puts a content that the server does not hold, for what follows, and
// remembers its checksums.
func (t *turn) ensure(ctx context.Context, bucket string, c content, workers int) error {
	if t.held[c.name] {
		return nil
	}
	t.corpus.learn(c, t.corpus.bodies(c, t.round))
	return t.putAll(ctx, bySDK(t.server), bucket, c, workers)
}

// check reads an answer to its end and compares it with what it must be.
func check(body io.ReadCloser, buf []byte, size int, sum uint32) error {
	defer body.Close()
	got, n := uint32(0), 0
	for {
		m, err := body.Read(buf)
		got, n = crc32.Update(got, castagnoli, buf[:m]), n+m
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if n != size || got != sum {
		return fmt.Errorf("%d bytes with checksum %08x came, want %d with %08x", n, got, size, sum)
	}
	return nil
}
