package conformance

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"aetherfs/backend"
	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/store"
	"aetherfs/internal/upkeep"
)

// A builder fills a store with more files than clients can put in the time of a
// test: what a gateway does below its front door, in this process.
type builder struct {
	bytes *dedupe.Engine
	names *catalog.Catalog
	tree  backend.Tree
}

// manyBucket holds the files, in one tag.
const manyBucket = "many"

// manyPath is the path of file i: the files' numbers are in the order of their
// keys.
func manyPath(i int) backend.Path {
	return backend.Path{Dataset: manyBucket, Tag: "v1", Name: fmt.Sprintf("usr/lib/module-%05d/part_%08d.dat", i/100, i)}
}

// manyData is what file i holds: little, and no two the same.
func manyData(i int) []byte { return bytes.Repeat(fmt.Appendf(nil, "file %d\n", i), 10) }

func newBuilder(t *testing.T, st store.Store) *builder {
	t.Helper()
	cut := catalog.Chunker{Algorithm: "fastcdc", Average: dedupe.DefaultChunkBytes}
	if _, err := catalog.OpenRepository(t.Context(), st, rand.Reader, cut); err != nil {
		t.Fatal(err)
	}
	b := &builder{}
	var err error
	if b.bytes, err = dedupe.Open(dedupe.Options{Store: st, Segment: catalog.SegmentKey}); err != nil {
		t.Fatal(err)
	}
	b.names, err = catalog.Open(t.Context(), catalog.Options{Store: st, Embedder: b.bytes, Rand: rand.Reader, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	b.tree = backend.New(b.names, b.bytes)
	return b
}

func (b *builder) close(t *testing.T) {
	t.Helper()
	if err := b.names.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if err := b.bytes.Close(); err != nil {
		t.Error(err)
	}
}

// fillMany makes a bucket of n files. No builder is used for more than a
// million: what it knows of their chunks it keeps in memory.
func fillMany(t *testing.T, st store.Store, n int) {
	t.Helper()
	const perBuilder = 1_000_000
	b := newBuilder(t, st)
	if err := b.tree.CreateDataset(t.Context(), manyBucket); err != nil {
		t.Fatal(err)
	}
	for first := 0; first < n; first += perBuilder {
		if first > 0 {
			b.close(t)
			b = newBuilder(t, st)
		}
		b.fill(t, first, min(first+perBuilder, n))
	}
	b.close(t)
}

// fill puts the files from first up to, not including, end by transactions of
// many, and folds them now and then, as a gateway does.
func (b *builder) fill(t *testing.T, first, end int) {
	t.Helper()
	const perTx, perFold, writers = 5000, 100_000, 4
	for ; first < end; first += perFold {
		all, ctx := errgroup.WithContext(t.Context())
		all.SetLimit(writers)
		for at := first; at < min(first+perFold, end); at += perTx {
			all.Go(func() error { return b.put(ctx, at, min(at+perTx, end)) })
		}
		if err := all.Wait(); err != nil {
			t.Fatal(err)
		}
		b.fold(t)
	}
}

// put puts the files from first up to, not including, end in a transaction.
func (b *builder) put(ctx context.Context, first, end int) error {
	tx, err := b.tree.Begin(ctx, manyBucket)
	if err != nil {
		return err
	}
	defer tx.Close()
	for i := first; i < end; i++ {
		if err := tx.Put(ctx, manyPath(i), bytes.NewReader(manyData(i)), backend.PutOptions{}); err != nil {
			return err
		}
	}
	_, err = tx.Commit(ctx)
	return err
}

func (b *builder) fold(t *testing.T) {
	t.Helper()
	if err := upkeep.New(upkeep.Options{Names: b.names, Bytes: b.bytes}).Fold(t.Context(), manyBucket); err != nil {
		t.Fatal(err)
	}
}

// nodes are those of a store's folds.
type nodes struct {
	objects int
	bytes   int64
}

func (n nodes) String() string { return fmt.Sprintf("%d nodes of %d bytes", n.objects, n.bytes) }

func nodesOf(t *testing.T, st store.Store) nodes {
	t.Helper()
	var n nodes
	for info, err := range st.List(t.Context(), "pools/", "") {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(info.Key, "/nodes/") {
			n.objects++
			n.bytes += info.Size
		}
	}
	return n
}
