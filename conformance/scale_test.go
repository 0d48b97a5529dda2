package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

// TestInsertedByte puts a file, and the same file with one byte before it.
func TestInsertedByte(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, scheme == "https")
			insertByte(t, g)
		})
	}
}

func insertByte(t *testing.T, g *gateway) {
	const (
		size      = 256 << 20
		partBytes = 8 << 20              // of the aws program
		single    = 256<<10 + 64<<10     // new bytes of a single PUT and its bookkeeping
		parts     = size/partBytes + 1   // of the file that is one byte longer
		record    = 64<<10 + parts*4<<10 // bookkeeping of a file in parts
	)
	r := newReference(t, g.endpoint, "inserted")
	putSingle(t, r, "v1/file", io.LimitReader(randomBytes(1), size), size)
	before := g.stored(t)

	putSingle(t, r, "v2/file", io.MultiReader(bytes.NewReader([]byte("a")), io.LimitReader(randomBytes(1), size)), size+1)
	afterSingle := g.stored(t)
	added := afterSingle.since(before).bytes
	t.Logf("single PUT with a byte inserted: %d bytes more in the store", added)
	if added > single {
		t.Errorf("a single PUT with a byte inserted adds %d bytes, want at most %d", added, single)
	}

	file := filepath.Join(t.TempDir(), "file")
	want, err := writeAll(file, io.MultiReader(bytes.NewReader([]byte("b")), io.LimitReader(randomBytes(1), size)))
	if err != nil {
		t.Fatal(err)
	}
	if err := debianAWS(t, g, r.bucket).put(t.Context(), file, "v3/file"); err != nil {
		t.Fatal(err)
	}
	added = g.stored(t).since(afterSingle).bytes
	most := int64(parts*2*maxChunk(t, g) + record)
	t.Logf("aws s3 cp with a byte inserted: %d bytes more in the store, at most %d", added, most)
	if added > most {
		t.Errorf("aws s3 cp with a byte inserted adds %d bytes, want at most two chunks a part, %d", added, most)
	}
	if err := r.expect(t.Context(), "v3/file", want); err != nil {
		t.Error(err)
	}
}

func putSingle(t *testing.T, r *reference, key string, body io.Reader, size int64) {
	t.Helper()
	_, err := r.core.Client.PutObject(t.Context(), r.bucket, key, body, size, minio.PutObjectOptions{DisableMultipart: true})
	if err != nil {
		t.Fatal(err)
	}
}

// maxChunk is the longest chunk, four times the average that the store says it
// was made with.
func maxChunk(t *testing.T, g *gateway) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(g.store(), "aetherfs.json"))
	if err != nil {
		t.Fatal(err)
	}
	var repository struct{ Chunker struct{ Average int } }
	if err := json.Unmarshal(text, &repository); err != nil || repository.Chunker.Average == 0 {
		t.Fatalf("no average chunk in aetherfs.json: %v: %s", err, text)
	}
	return 4 * repository.Chunker.Average
}

// TestSmallFiles has many clients put small files, which must share store
// objects while they arrive, not after some later tidying.
func TestSmallFiles(t *testing.T) {
	const (
		files, clients, size = 20_000, 64, 1 << 10
		filesPerObject       = 20
	)
	t.Parallel()
	g := newGateway(t, false)
	r := newReference(t, g.endpoint, "small")
	before := g.stored(t)
	all, ctx := errgroup.WithContext(t.Context())
	for c := range clients {
		own := newMinio(t, g.endpoint)
		all.Go(func() error {
			for i := c; i < files; i += clients {
				if err := putSmall(ctx, own, r.bucket, i, size); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	added := g.stored(t).since(before).objects
	t.Logf("%d files of %d bytes by %d clients lie in %d store objects", files, size, clients, added)
	if added > files/filesPerObject {
		t.Errorf("%d files lie in %d store objects, want at most %d", files, added, files/filesPerObject)
	}
}

func putSmall(ctx context.Context, c *minio.Client, bucket string, i int, size int64) error {
	key := fmt.Sprintf("v1/%02d/%05d", i%100, i)
	_, err := c.PutObject(ctx, bucket, key, io.LimitReader(randomBytes(uint64(i)), size), size, minio.PutObjectOptions{})
	return err
}
