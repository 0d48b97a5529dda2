package conformance

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"aetherfs/backend"
	"aetherfs/internal/store/versitytest"
)

// TestNFSLargeDirectory lists 100,000 files of one directory: each once, in so
// many pages as their number asks for, by the test's client and by libnfs.
func TestNFSLargeDirectory(t *testing.T) {
	const (
		files     = 100_000
		entry     = 224 // bytes of a line at most, with its name, attributes and handle
		mostPages = files*entry/nfsPageBytes + 2
	)
	if *endpointFlag != "" {
		t.Skip("fills a store beside the gateway; -endpoint names another server")
	}
	server := versitytest.Start(t)
	b := newBuilder(t, server.Store(t, "store"))
	var want []string
	if err := b.tree.CreateDataset(t.Context(), manyBucket); err != nil {
		t.Fatal(err)
	}
	for len(want) < files {
		names, err := b.putFlat(t.Context(), len(want), 5000)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, names...)
	}
	b.fold(t)
	b.close(t)

	at := bucket{server.StoreURL("store"), versitytest.AccessKey, versitytest.SecretKey}
	g := newNFSGateway(t, at.variables()...)
	c, dir := g.mounted(t, "/"+manyBucket+"/v1")
	entries, pages, err := c.list(dir, nfsPageBytes)
	if err != nil {
		t.Fatal(err)
	}
	if pages > mostPages {
		t.Errorf("%d names take %d pages, want at most %d", files, pages, mostPages)
	}
	var got []string
	ids := map[uint64]bool{}
	for _, e := range entries {
		got = append(got, e.name)
		ids[e.id] = true
	}
	if slices.Sort(got); !slices.Equal(got, want) || len(ids) != files {
		t.Errorf("%d names and %d inode numbers are listed, want %d of each", len(got), len(ids), files)
	}
	listed, err := libnfs{newShell(t), g}.list(t.Context(), "/"+manyBucket+"/v1/")
	if slices.Sort(listed); err != nil || !slices.Equal(listed, want) {
		t.Errorf("nfs-ls lists %d names, %v, want %d", len(listed), err, files)
	}
}

// putFlat puts n files into one directory, and returns their names.
func (b *builder) putFlat(ctx context.Context, first, n int) ([]string, error) {
	tx, err := b.tree.Begin(ctx, manyBucket)
	if err != nil {
		return nil, err
	}
	defer tx.Close()
	var names []string
	for i := first; i < first+n; i++ {
		name := fmt.Sprintf("part_%08d.dat", i)
		if err := tx.Put(ctx, backend.Path{Dataset: manyBucket, Tag: "v1", Name: name}, bytes.NewReader(manyData(i)), backend.PutOptions{}); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	_, err = tx.Commit(ctx)
	return names, err
}
