package catalog

import (
	"context"
	"errors"
	"fmt"

	"aetherfs/internal/manifest"
)

// Settings returns the settings of a dataset as they are known here, which is
// not to be changed, nil where it has none: manifest.ErrNoDataset. It asks nobody
// where the name is known; what other gateways did is seen after SyncHub.
func (c *Catalog) Settings(ctx context.Context, name string) ([]byte, error) {
	h := c.hub.State()
	d := h.Dataset(name)
	if d == nil {
		if err := c.hub.Sync(ctx); err != nil {
			return nil, fmt.Errorf("read the hub: %w", err)
		}
		h = c.hub.State()
		if d = h.Dataset(name); d == nil {
			return nil, fmt.Errorf("dataset %q: %w", name, manifest.ErrNoDataset)
		}
	}
	return h.Settings(d.ID), nil
}

// SetSettings replaces the settings of a dataset, or takes them away if data is
// empty: manifest.ErrNoDataset. At most manifest.MaxSettingsBytes.
func (c *Catalog) SetSettings(ctx context.Context, name string, data []byte) error {
	for {
		d, err := c.Dataset(ctx, name)
		if err != nil {
			return err
		}
		_, err = c.hub.commit(ctx, nil, &manifest.SetSettings{Name: name, ID: d.ID, Data: data})
		if errors.Is(err, manifest.ErrNoDataset) && c.hub.State().Dataset(name) != nil {
			continue // it was removed elsewhere, and made again
		}
		if err != nil {
			return fmt.Errorf("set the settings of dataset %q: %w", name, err)
		}
		return nil
	}
}
