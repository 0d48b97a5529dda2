package manifest

import (
	"context"
	"iter"
)

// Recipes yields the recipe of each part. An error is the last that it yields.
func (u *OpenUpload) Recipes(ctx context.Context) iter.Seq2[Recipe, error] {
	return func(yield func(Recipe, error) bool) {
		for x, err := range u.parts.scan(ctx, u.nodes, "") {
			if err != nil {
				yield(nil, err)
				return
			}
			recipe := x.v.recipe
			if len(x.v.detail) > 0 {
				details, err := readDetails(ctx, u.nodes, x.v.detail)
				if err != nil {
					yield(nil, err)
					return
				}
				for _, d := range details {
					recipe = append(recipe, d.recipe...)
				}
			}
			if !yield(recipe, nil) {
				return
			}
		}
	}
}
