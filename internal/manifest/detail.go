package manifest

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
)

// maxDetailExtents bounds the extents in one node of details, so that none is
// larger than a few MiB.
const maxDetailExtents = 32 << 10

// detail is the parts and the recipe of a file, or a run of them: whatever is
// too long to lie among the entries.
type detail struct {
	parts  []Part
	recipe Recipe
}

func (e *encoder) detail(x *detail) {
	e.parts(x.parts)
	e.recipe(x.recipe)
}

func (d *decoder) detail(key string) *detail {
	x := &detail{d.parts(), d.recipe()}
	if key != "" || len(x.recipe) > maxDetailExtents {
		d.fail("details at key %q with %d extents", key, len(x.recipe))
	}
	return x
}

// readDetails reads nodes of details, in their order.
func readDetails(ctx context.Context, nodes Nodes, names []Digest) ([]*detail, error) {
	out := make([]*detail, len(names))
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(maxFetches)
	for i, name := range names {
		all.Go(func() error {
			n, err := ref{name: name}.open(ctx, nodes, kindDetail)
			if err == nil {
				out[i] = detailForm.at(n, 0)
			}
			return err
		})
	}
	return out, all.Wait()
}

// Whole returns e with its Recipe and Parts.
func (s *State) Whole(ctx context.Context, e *Entry) (*Entry, error) {
	if len(e.Detail) == 0 {
		return e, nil
	}
	details, err := readDetails(ctx, s.nodes, e.Detail)
	if err != nil {
		return nil, err
	}
	x := *e
	x.Detail = nil
	for _, d := range details {
		x.Parts, x.Recipe = append(x.Parts, d.parts...), append(x.Recipe, d.recipe...)
	}
	if x.Recipe.Len() != x.Size {
		return nil, &unread{fmt.Errorf("details of %q, %d bytes of %d: %w", e.Name, x.Recipe.Len(), e.Size, ErrFormat)}
	}
	return &x, nil
}

// cutDetails splits what is too long to lie among the entries into what fits a
// node each; nil: it is not too long.
func cutDetails(parts []Part, r Recipe, limit int) []*detail {
	var e encoder
	e.detail(&detail{parts, r})
	e.table()
	if len(e.b) <= limit {
		return nil
	}
	var out []*detail
	for run := range slices.Chunk(r, maxDetailExtents) {
		out = append(out, &detail{parts, run})
		parts = nil
	}
	if len(out) == 0 { // parts of no bytes
		out = append(out, &detail{parts: parts})
	}
	return out
}
