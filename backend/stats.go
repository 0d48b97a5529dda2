package backend

import (
	"cmp"
	"context"
	"slices"

	"aetherfs/internal/manifest"
)

// TagStats says what a tag holds.
type TagStats struct {
	Tag    string // "" is the root tag
	Files  int64
	Bytes  int64 // of its files as clients see them
	Stored int64 // of the compressed frames that its files lie in, each counted once
	Added  int64 // that its files added to the store when they came
}

// Stats returns the numbers of each tag of a dataset, in the order of their
// keys. It reads every recipe: a second for a million files, about.
func (b *Backend) Stats(ctx context.Context, dataset string) ([]TagStats, error) {
	_, state, err := b.read(ctx, dataset)
	if err != nil {
		return nil, err
	}
	var all []TagStats
	for t, err := range state.Tags(ctx) {
		if err != nil {
			return nil, explain(err)
		}
		var used frames
		for e, err := range state.Entries(ctx, t.Name) {
			if err == nil {
				e, err = state.Whole(ctx, e)
			}
			if err != nil {
				return nil, explain(err)
			}
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			used.add(e.Recipe)
		}
		all = append(all, TagStats{Tag: t.Name, Files: t.Files, Bytes: t.Bytes, Stored: used.bytes(), Added: t.Added})
	}
	return all, nil
}

// frames is the stored ranges that recipes name, by block.
type frames map[manifest.Digest][]span

type span struct{ off, end int64 }

func (f *frames) add(r manifest.Recipe) {
	if *f == nil {
		*f = frames{}
	}
	for _, x := range r {
		(*f)[x.Block.Name] = append((*f)[x.Block.Name], span{x.Off, x.Off + x.Stored})
	}
}

// bytes is the length of all ranges, what overlaps counted once.
func (f frames) bytes() int64 {
	var n int64
	for _, spans := range f {
		slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.off, b.off) })
		var end int64
		for _, s := range spans {
			if s.end > end {
				n += s.end - max(s.off, end)
				end = s.end
			}
		}
	}
	return n
}
