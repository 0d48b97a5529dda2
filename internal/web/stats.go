package web

import (
	"context"
	"errors"
	"net/http"

	"aetherfs/backend"
	"aetherfs/internal/auth"
)

// StatsPath is where Stats is to be had, as JSON. The parameter dataset asks
// for one dataset only.
const StatsPath = "/api/v1/stats"

// Stats are those of the datasets, by name.
type Stats struct {
	Datasets []DatasetStats `json:"datasets"`
}

// DatasetStats are those of a dataset.
type DatasetStats struct {
	Name string     `json:"name"`
	Tags []TagStats `json:"tags"` // by name
}

// TagStats are those of a tag. The tag with the empty name holds the keys
// without '/'.
type TagStats struct {
	Tag    string `json:"tag"`
	Files  int64  `json:"files"`
	Bytes  int64  `json:"bytes"`  // that its files have together
	Stored int64  `json:"stored"` // bytes of the store that its files lie in
	Added  int64  `json:"added"`  // that its files added to the store when they came
}

func stats(tree func(auth.Identity) backend.Tree) guarded {
	return func(w http.ResponseWriter, r *http.Request, who auth.Identity) {
		found, err := collect(r.Context(), tree(who), r.URL.Query().Get("dataset"))
		if err != nil {
			note(r, err)
			status, body := failure(err)
			reply(w, r, status, body)
			return
		}
		reply(w, r, http.StatusOK, found)
	}
}

// failure tells the client what it can act on; the log has the rest.
func failure(err error) (status int, body Failure) {
	if errors.Is(err, backend.ErrNoDataset) {
		return http.StatusNotFound, Failure{"there is no such dataset"}
	}
	return http.StatusServiceUnavailable, Failure{"the statistics cannot be read now"}
}

// collect takes the statistics of one dataset, or of all for "".
func collect(ctx context.Context, tree backend.Tree, only string) (Stats, error) {
	if only != "" {
		d, err := ofDataset(ctx, tree, only)
		return Stats{[]DatasetStats{d}}, err
	}
	all := Stats{[]DatasetStats{}}
	for info, err := range tree.Datasets(ctx) {
		if err != nil {
			return Stats{}, err
		}
		d, err := ofDataset(ctx, tree, info.Name)
		if errors.Is(err, backend.ErrNoDataset) {
			continue // it was removed meanwhile
		}
		if err != nil {
			return Stats{}, err
		}
		all.Datasets = append(all.Datasets, d)
	}
	return all, nil
}

func ofDataset(ctx context.Context, tree backend.Tree, name string) (DatasetStats, error) {
	tags, err := tree.Stats(ctx, name)
	if err != nil {
		return DatasetStats{}, err
	}
	d := DatasetStats{Name: name, Tags: make([]TagStats, len(tags))}
	for i, t := range tags {
		d.Tags[i] = TagStats{Tag: t.Tag, Files: t.Files, Bytes: t.Bytes, Stored: t.Stored, Added: t.Added}
	}
	return d, nil
}
