package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/config"
	"aetherfs/internal/store"
	"aetherfs/internal/upkeep"
)

func fsckCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fsck",
		Short: "Check that everything that the datasets need is in the store",
		Long: `Check that everything that the datasets need is in the store: their logs,
checkpoints and nodes, and the blocks of every file. With --read-data every
stored byte is read and compared with its digest.

It reads the store itself and changes nothing. A bucket can be checked while
gateways serve it; a folder cannot, as it belongs to one process at a time.

Each problem is a line with the dataset, and the path of the file that cannot
be read. The exit code is 0 if there is none.`,
		Args: cobra.NoArgs,
	}
	config.AddFlags(cmd.Flags(), "store", "data", "memory")
	readData := cmd.Flags().Bool("read-data", false, "read and verify all data")
	asJSON := cmd.Flags().Bool("json", false, "print JSON, an object a line")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := load(cmd, environ)
		if err != nil {
			return err
		}
		out := findings{w: cmd.OutOrStdout(), json: *asJSON}
		checked, err := fsck(cmd.Context(), c, *readData, out.problem)
		if err != nil {
			return fmt.Errorf("check the store %s: %w", c.Store, err)
		}
		if err := out.sum(checked); err != nil {
			return err
		}
		if checked.Problems > 0 {
			return fmt.Errorf("%d problems in %s", checked.Problems, c.Store)
		}
		return nil
	}
	return cmd
}

// fsck checks a store by a gateway's floors with empty caches.
func fsck(ctx context.Context, c *config.Config, readData bool, report func(upkeep.Problem)) (checked upkeep.Checked, err error) {
	if !c.Remote() {
		if _, err := os.Stat(c.Store); err != nil {
			return checked, err // rather than make the folder
		}
	}
	raw, err := openRaw(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return checked, err
	}
	defer func() { err = errors.Join(err, raw.Close()) }()
	objects := store.ReadOnly(store.Retried(raw, patience))
	if _, err := catalog.ReadRepository(ctx, objects); errors.Is(err, store.ErrNotFound) {
		return checked, fmt.Errorf("no gateway has stored in it: %w", err)
	} else if err != nil {
		return checked, err
	}
	bytes, err := dedupe.Open(dedupe.Options{Store: objects, Verify: dedupe.ByDigest, Segment: catalog.SegmentKey, CacheBytes: cacheBytes(c.Memory)})
	if err != nil {
		return checked, err
	}
	defer func() { err = errors.Join(err, bytes.Close()) }()
	names, err := catalog.Open(ctx, catalog.Options{
		Store: objects, Embedder: bytes, Rand: rand.Reader, Now: time.Now, NodeBytes: c.Memory / nodeShare, Exclusive: !c.Remote(),
	})
	if err != nil {
		report(upkeep.Problem{Err: err})
		checked.Problems++
		return checked, nil
	}
	defer func() { err = errors.Join(err, names.Close(ctx)) }()
	return upkeep.Fsck(ctx, upkeep.FsckOptions{Names: names, Bytes: bytes, ReadData: readData, Report: report})
}

// findings prints what fsck finds.
type findings struct {
	w    io.Writer
	json bool
}

func (f findings) problem(p upkeep.Problem) {
	if f.json {
		_ = json.NewEncoder(f.w).Encode(map[string]string{"dataset": p.Dataset, "tag": p.Tag, "path": p.Path, "problem": p.Err.Error()})
		return
	}
	fmt.Fprintln(f.w, p)
}

func (f findings) sum(c upkeep.Checked) error {
	if f.json {
		return json.NewEncoder(f.w).Encode(c)
	}
	_, err := fmt.Fprintf(f.w, "%s datasets, %s files of %s in %s blocks: %s problems\n", humanize.Comma(c.Datasets), humanize.Comma(c.Files),
		humanize.IBytes(uint64(c.Bytes)), humanize.Comma(c.Blocks), humanize.Comma(c.Problems))
	return err
}
