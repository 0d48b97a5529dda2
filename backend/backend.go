// Package backend is the tree: datasets of tags of files, for reading and for
// writing in transactions. Front ends see it and nothing below.
//
//  1. A transaction happens whole or not at all, and conditions are decided
//     where it happens, not before.
//  2. The bytes of a file are durable before its name is committed.
//  3. A File stays the version that was opened, wherever a fold moves its bytes,
//     and a running listing on the state in which it began.
//  4. A listing is in the byte order of whole keys.
//  5. No byte is handed out that was not verified.
package backend

import (
	"context"
	"iter"
	"time"

	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
)

// Backend is the tree over a catalog and an engine. It implements Tree and is
// used concurrently.
type Backend struct {
	names    *catalog.Catalog
	bytes    *dedupe.Engine
	settings settingsCache
}

var _ Tree = (*Backend)(nil)

// New returns the tree. The caller closes names and bytes, in that order.
func New(names *catalog.Catalog, bytes *dedupe.Engine) *Backend {
	return &Backend{names: names, bytes: bytes}
}

// Datasets implements Reader.
func (b *Backend) Datasets(ctx context.Context) iter.Seq2[DatasetInfo, error] {
	return func(yield func(DatasetInfo, error) bool) {
		datasets, err := b.names.Datasets(ctx)
		if err != nil {
			yield(DatasetInfo{}, explain(err))
			return
		}
		for d := range datasets {
			if err := ctx.Err(); err != nil {
				yield(DatasetInfo{}, err)
				return
			}
			if !yield(datasetInfo(d), nil) {
				return
			}
		}
	}
}

// Dataset implements Reader.
func (b *Backend) Dataset(ctx context.Context, name string) (DatasetInfo, error) {
	d, err := b.names.Lookup(ctx, name)
	if err != nil {
		return DatasetInfo{}, explain(err)
	}
	return datasetInfo(d), nil
}

func datasetInfo(d *manifest.Dataset) DatasetInfo {
	return DatasetInfo{Name: d.Name, Created: time.UnixMilli(d.Created).UTC()}
}

// CreateDataset implements Tree.
func (b *Backend) CreateDataset(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	return explain(b.names.Create(ctx, name))
}

// RemoveDataset implements Tree.
func (b *Backend) RemoveDataset(ctx context.Context, name string) error {
	return explain(b.names.Remove(ctx, name))
}

// Stat implements Reader.
func (b *Backend) Stat(ctx context.Context, p Path) (Info, error) {
	f, err := b.whole(ctx, p)
	if err != nil {
		return Info{}, err
	}
	return info(p, f.e), nil
}

func info(p Path, e *manifest.Entry) Info {
	return Info{
		Path:     p,
		ID:       e.ID.String(),
		Size:     e.Size,
		Modified: time.UnixMilli(e.Modified).UTC(),
		ETag:     e.ETag,
		Attr:     e.Attr,
		Parts:    e.Parts,
	}
}
