package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
)

// repositoryKey is the object that makes a store a repository.
const repositoryKey = "aetherfs.json"

// formatVersion is the format of everything in the store, as docs/format.md
// describes it.
const formatVersion = 1

// ErrFormat: the store was written by another version of AetherFS, or by
// something else.
var ErrFormat = errors.New("unknown repository format")

// Repository describes a store. It is written once and never changes.
type Repository struct {
	Format  int     `json:"format"`
	ID      string  `json:"id"`   // random; the catalog folder carries it too
	Hash    string  `json:"hash"` // of chunks, trailers and segments
	Chunker Chunker `json:"chunker"`
}

// Chunker is how files are cut where their dataset says nothing else.
type Chunker struct {
	Algorithm string `json:"algorithm"`
	Average   int    `json:"average"` // bytes
}

// OpenRepository returns the description of the repository in st; an empty
// store becomes one that is cut by c.
func OpenRepository(ctx context.Context, st store.Store, rand io.Reader, c Chunker) (Repository, error) {
	r, err := readRepository(ctx, st)
	if !errors.Is(err, store.ErrNotFound) {
		return r, err
	}
	var id manifest.ID
	if _, err := io.ReadFull(rand, id[:]); err != nil {
		return Repository{}, fmt.Errorf("repository id: %w", err)
	}
	b, err := json.MarshalIndent(Repository{formatVersion, id.String(), "sha256", c}, "", "  ")
	if err != nil {
		return Repository{}, err
	}
	// Whoever wrote it, and whatever became of the attempt, what is there counts.
	_, putErr := st.Put(ctx, repositoryKey, append(b, '\n'), store.Cond{IfAbsent: true})
	r, err = readRepository(ctx, st)
	if errors.Is(err, store.ErrNotFound) {
		return Repository{}, fmt.Errorf("create %s: %w", repositoryKey, putErr)
	}
	return r, err
}

func readRepository(ctx context.Context, st store.Store) (Repository, error) {
	b, _, err := st.Get(ctx, repositoryKey, store.Range{Len: 64 << 10})
	if err != nil {
		return Repository{}, fmt.Errorf("read %s: %w", repositoryKey, err)
	}
	var r Repository
	if err := json.Unmarshal(b, &r); err != nil {
		return Repository{}, fmt.Errorf("read %s: %w: %w", repositoryKey, ErrFormat, err)
	}
	if _, err := manifest.ParseID(r.ID); err != nil || r.Format != formatVersion || r.Hash != "sha256" || r.Chunker.Algorithm != "fastcdc" || r.Chunker.Average <= 0 {
		return Repository{}, fmt.Errorf("read %s: %+v; this version knows format %d: %w", repositoryKey, r, formatVersion, ErrFormat)
	}
	return r, nil
}
