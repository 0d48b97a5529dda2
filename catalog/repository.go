package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
	"aetherfs/internal/store/probe"
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
	Sum     string  `json:"sum"` // SHA-256, in hex, of the bytes with this empty

	Date time.Time `json:"-"` // the store's clock when it was read; zero where it has none
}

// Chunker is how files are cut where their dataset says nothing else.
type Chunker struct {
	Algorithm string `json:"algorithm"`
	Average   int    `json:"average"` // bytes
}

// OpenRepository returns the description of the repository in st; an empty
// store becomes one that is cut by c. ErrFormat: st holds something else.
func OpenRepository(ctx context.Context, st store.Store, rand io.Reader, c Chunker) (Repository, error) {
	r, err := ReadRepository(ctx, st)
	if !errors.Is(err, store.ErrNotFound) {
		return r, err
	}
	found, err := anyObject(ctx, st)
	if err != nil {
		return Repository{}, err
	}
	if found == "" {
		err = createRepository(ctx, st, rand, c)
	} else {
		err = fmt.Errorf("the store holds %s but no %s: %w", found, repositoryKey, ErrFormat)
	}
	// Whoever wrote it, and whatever became of our attempt, what is there counts.
	r, readErr := ReadRepository(ctx, st)
	if errors.Is(readErr, store.ErrNotFound) {
		return Repository{}, err
	}
	return r, readErr
}

// anyObject returns the name of an object in st, "" if there is none. Those of a
// probe do not count: another gateway may be trying the store at this moment.
func anyObject(ctx context.Context, st store.Store) (string, error) {
	for info, err := range st.List(ctx, "", "") {
		if err != nil {
			return "", fmt.Errorf("list the store: %w", err)
		}
		if !strings.HasPrefix(info.Key, probe.Prefix) {
			return info.Key, nil
		}
	}
	return "", nil
}

func createRepository(ctx context.Context, st store.Store, rand io.Reader, c Chunker) error {
	var id manifest.ID
	if _, err := io.ReadFull(rand, id[:]); err != nil {
		return fmt.Errorf("repository id: %w", err)
	}
	b, err := Repository{Format: formatVersion, ID: id.String(), Hash: "sha256", Chunker: c}.encode()
	if err != nil {
		return err
	}
	if _, err := st.Put(ctx, repositoryKey, b, store.Cond{IfAbsent: true}); err != nil {
		return fmt.Errorf("create %s: %w", repositoryKey, err)
	}
	return nil
}

// encode returns the bytes of r, with their sum.
func (r Repository) encode() ([]byte, error) {
	r.Sum = ""
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	r.Sum = hex.EncodeToString(sum[:])
	b, err = json.MarshalIndent(r, "", "  ")
	return append(b, '\n'), err
}

// ReadRepository returns the description of the repository in st: ErrFormat,
// store.ErrNotFound. A second look tells a damaged answer from a damaged object.
func ReadRepository(ctx context.Context, st store.Store) (Repository, error) {
	r, err := glanceRepository(ctx, st)
	if errors.Is(err, ErrFormat) {
		return glanceRepository(ctx, st)
	}
	return r, err
}

func glanceRepository(ctx context.Context, st store.Store) (Repository, error) {
	b, info, err := st.Get(ctx, repositoryKey, store.Range{Len: 64 << 10})
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
	if want, err := r.encode(); err != nil || !bytes.Equal(b, want) {
		return Repository{}, fmt.Errorf("read %s: its sum differs, it was changed: %w", repositoryKey, ErrFormat)
	}
	r.Date = info.Date
	return r, nil
}
