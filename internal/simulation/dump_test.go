package simulation

import (
	"context"
	"fmt"
	"strings"

	"aetherfs/backend"
)

// dump is everything that a gateway knows, as text: two that have read the same
// logs have the same.
func (g *gateway) dump(ctx context.Context) (string, error) {
	var b strings.Builder
	if err := g.names.SyncHub(ctx); err != nil {
		return "", err
	}
	for k := range g.names.Keys() {
		fmt.Fprintf(&b, "key %s since %v\n", k.Access, k.Created)
	}
	for d, err := range g.tree.Datasets(ctx) {
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%s since %v\n", d.Name, d.Created.UnixMilli())
		for i, err := range g.tree.List(ctx, d.Name, backend.Query{}) {
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "  %s %s %d %s %d\n", i.Path.Key(), i.ID, i.Size, i.ETag, i.Modified.UnixMilli())
		}
		for u, err := range g.tree.ListUploads(ctx, d.Name, backend.Query{}, "") {
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&b, "  upload %s of %s\n", u.ID, u.Path.Key())
			for p, err := range g.tree.Parts(ctx, u.Path, u.ID, 0) {
				if err != nil {
					return "", err
				}
				fmt.Fprintf(&b, "    part %d of %d bytes, %s\n", p.Number, p.Size, p.ETag)
			}
		}
		stats, err := g.tree.Stats(ctx, d.Name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "  %+v\n", stats)
	}
	return b.String(), nil
}
