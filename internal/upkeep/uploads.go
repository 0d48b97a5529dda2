package upkeep

import (
	"context"
	"errors"

	"aetherfs/catalog"
	"aetherfs/internal/manifest"
)

// endUploads ends the uploads of a dataset that were begun too long ago.
func (k *Keeper) endUploads(ctx context.Context, l catalog.Log) error {
	d, ok := l.(*catalog.Dataset)
	if !ok {
		return nil
	}
	limit := k.o.Now().Add(-k.o.UploadLife).UnixMilli()
	for u, err := range d.State().Uploads(ctx, "", manifest.ID{}) {
		if err != nil {
			return err
		}
		if u.Initiated >= limit {
			continue
		}
		_, err := d.Commit(ctx, nil, &manifest.Abort{Tag: u.Tag, Name: u.Name, Upload: u.ID})
		if err != nil && !errors.Is(err, manifest.ErrNoUpload) {
			return err
		}
	}
	return nil
}
