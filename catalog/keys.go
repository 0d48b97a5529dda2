package catalog

import (
	"context"
	"fmt"
	"iter"

	"aetherfs/internal/manifest"
)

// Keys yields the access keys that the gateways share, by access key, all from
// one state of the hub.
func (c *Catalog) Keys() iter.Seq[*manifest.Key] { return c.hub.State().Keys() }

// Key returns the key of that access key, or nil.
func (c *Catalog) Key(access string) *manifest.Key { return c.hub.State().Key(access) }

// CreateKey adds a key, dated now: manifest.ErrExists.
func (c *Catalog) CreateKey(ctx context.Context, k manifest.Key) error {
	if _, err := c.hub.commit(ctx, nil, &manifest.PutKey{Key: k}); err != nil {
		return fmt.Errorf("create key %s: %w", k.Access, err)
	}
	return nil
}

// DeleteKey removes a key: manifest.ErrNoKey.
func (c *Catalog) DeleteKey(ctx context.Context, access string) error {
	if _, err := c.hub.commit(ctx, nil, &manifest.DropKey{Access: access}); err != nil {
		return fmt.Errorf("delete key %s: %w", access, err)
	}
	return nil
}
