package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"time"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store/dirstore"

	"golang.org/x/sync/errgroup"
)

// Average chunk sizes that are compared, and the one that datasets have by
// default, in KiB.
var chunkKiB = []int{16, 32, 64}

const defaultKiB = dedupe.DefaultChunkBytes >> 10

// inFlight is how many files a client sends at once: as many as the aws
// command line and rclone do, together.
const inFlight = 12

const bucket = "bench"

func aetherName(kib int) string { return fmt.Sprintf("AetherFS %d KiB", kib) }

// aetherFS puts each version under a tag of its own, through the tree, as a
// client would through S3.
func aetherFS(kib int) tool {
	store := func(ctx context.Context, work string, versions []string) (int64, error) {
		g, err := openGateway(ctx, work, kib<<10)
		if err != nil {
			return 0, err
		}
		err = g.tree.CreateDataset(ctx, bucket)
		for _, dir := range versions {
			if err == nil {
				err = g.putAll(ctx, dir)
			}
		}
		if err := errors.Join(err, g.close(ctx)); err != nil {
			return 0, err
		}
		return folderBytes(work)
	}
	check := func(ctx context.Context, work string, versions []string) error {
		g, err := openGateway(ctx, work, kib<<10)
		if err != nil {
			return err
		}
		for _, dir := range versions {
			if err == nil {
				err = g.compareAll(ctx, dir)
			}
		}
		return errors.Join(err, g.close(ctx))
	}
	return tool{aetherName(kib), store, check}
}

// gateway is AetherFS without its front ends.
type gateway struct {
	folder *dirstore.Store
	bytes  *dedupe.Engine
	names  *catalog.Catalog
	tree   *backend.Backend
}

func openGateway(ctx context.Context, dir string, chunkBytes int) (g *gateway, err error) {
	g = &gateway{}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close(ctx))
		}
	}()
	if g.folder, err = dirstore.Open(dir, dirstore.Options{}); err != nil {
		return g, err
	}
	chunker := catalog.Chunker{Algorithm: "fastcdc", Average: chunkBytes}
	if _, err = catalog.OpenRepository(ctx, g.folder, rand.Reader, chunker); err != nil {
		return g, err
	}
	g.bytes, err = dedupe.Open(dedupe.Options{
		Store: g.folder, Verify: dedupe.ByCRC, Segment: catalog.SegmentKey, ChunkBytes: chunkBytes,
	})
	if err != nil {
		return g, err
	}
	g.names, err = catalog.Open(ctx, catalog.Options{Store: g.folder, Embedder: g.bytes, Rand: rand.Reader, Now: time.Now, Exclusive: true})
	if err != nil {
		return g, err
	}
	g.tree = backend.New(g.names, g.bytes)
	return g, nil
}

func (g *gateway) close(ctx context.Context) error {
	var errs []error
	if g.names != nil {
		errs = append(errs, g.names.Close(ctx))
	}
	if g.bytes != nil {
		errs = append(errs, g.bytes.Close())
	}
	if g.folder != nil {
		errs = append(errs, g.folder.Close())
	}
	return errors.Join(errs...)
}

// putAll puts the files below dir under the tag that is dir's last name.
func (g *gateway) putAll(ctx context.Context, dir string) error {
	return eachInFlight(ctx, dir, func(ctx context.Context, p backend.Path, file string) error {
		if err := g.put(ctx, p, file); err != nil {
			return fmt.Errorf("put %s: %w", p, err)
		}
		return nil
	})
}

// put puts a file with what the aws command line says of it: a type and a
// CRC-32.
func (g *gateway) put(ctx context.Context, p backend.Path, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	tx, err := g.tree.Begin(ctx, p.Dataset)
	if err != nil {
		return err
	}
	defer tx.Close()
	sum := crc32.NewIEEE()
	err = tx.Put(ctx, p, io.TeeReader(f, sum), backend.PutOptions{
		Attr: backend.Attr{ContentType: "binary/octet-stream"},
		AtEOF: func(a *backend.Attr) error {
			value := binary.BigEndian.AppendUint32(nil, sum.Sum32())
			a.Checksums = []backend.Checksum{{Algorithm: manifest.CRC32, Value: value}}
			return nil
		},
	})
	if err != nil {
		return err
	}
	_, err = tx.Commit(ctx)
	return err
}

// compareAll reads every file below dir back.
func (g *gateway) compareAll(ctx context.Context, dir string) error {
	return eachInFlight(ctx, dir, func(ctx context.Context, p backend.Path, file string) error {
		want, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		f, err := g.tree.Open(ctx, p)
		if err != nil {
			return fmt.Errorf("open %s: %w", p, err)
		}
		body := f.Stream(0, f.Info.Size)
		defer body.Close()
		got, err := io.ReadAll(body)
		if err != nil {
			return fmt.Errorf("read %s: %w", p, err)
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%s came back changed", p)
		}
		return nil
	})
}

// eachInFlight visits the files below dir, in lexical order, several at once.
func eachInFlight(ctx context.Context, dir string, visit func(context.Context, backend.Path, string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	walked := eachFile([]string{dir}, func(file string) error {
		name, err := filepath.Rel(filepath.Dir(dir), file)
		if err != nil {
			return err
		}
		p, err := backend.ParsePath(bucket, filepath.ToSlash(name))
		if err != nil {
			return err
		}
		group.Go(func() error { return visit(ctx, p, file) })
		return ctx.Err()
	})
	return errors.Join(walked, group.Wait())
}
