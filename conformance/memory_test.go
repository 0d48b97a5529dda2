package conformance

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

// The memory that many clients may make a gateway take that was told to use
// memoryLimit.
const (
	memoryLimit = "256MiB"
	mostMemory  = 320 << 20
)

// uploadsMemory sends files of size bytes at once, in parts, by aws-sdk-go-v2 as
// it comes. Each file is its own noise of at most distinct bytes, over and over.
func uploadsMemory(t *testing.T, clients int, size, distinct int64) {
	g := newGateway(t, false, "AETHERFS_MEMORY="+memoryLimit)
	newReference(t, g.endpoint, "uploads")
	bucket := "uploads"
	begun := time.Now()
	all, ctx := errgroup.WithContext(t.Context())
	for c := range clients {
		own := openSDK(t, g.endpoint, bucket).(*sdkClient)
		all.Go(func() error {
			key := fmt.Sprintf("v1/%d", c)
			_, err := own.transfer.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &bucket, Key: &key, Body: repeated(uint64(c), size, distinct)})
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	g.checkPeak(t, fmt.Sprintf("%d uploads of %d MiB at once, %v, %d MB/s", clients, size>>20,
		took.Round(time.Second), int64(clients)*size/1e6*1000/took.Milliseconds()))
}

func (g *gateway) checkPeak(t *testing.T, what string) {
	t.Helper()
	peak := g.peakMemory(t)
	t.Logf("%s: peak memory %d MiB", what, peak>>20)
	if peak > mostMemory {
		t.Errorf("%s: peak memory %d MiB, want at most %d MiB", what, peak>>20, int64(mostMemory)>>20)
	}
}

// repeated is size bytes of noise that comes again after distinct bytes.
func repeated(seed uint64, size, distinct int64) io.Reader {
	var parts []io.Reader
	for left := size; left > 0; left -= distinct {
		parts = append(parts, io.LimitReader(randomBytes(seed), min(left, distinct)))
	}
	return io.MultiReader(parts...)
}

// TestMemoryOfManyUploads sends many middling files at once.
func TestMemoryOfManyUploads(t *testing.T) { uploadsMemory(t, 64, 64<<20, 64<<20) }

// TestMemoryOfReads: many clients read at once, most of them slowly.
func TestMemoryOfReads(t *testing.T) { readsMemory(t, 64, 200) }

// readsMemory has some read files whole while others have begun to and dawdle.
func readsMemory(t *testing.T, fast, slow int) {
	const files, size = 8, 64 << 20
	g := newGateway(t, false, "AETHERFS_MEMORY="+memoryLimit)
	r := newReference(t, g.endpoint, "reads")
	want := make([]digest, files)
	for i := range files {
		putSingle(t, r, fmt.Sprintf("v1/%d", i), io.LimitReader(randomBytes(uint64(i)), size), size)
		var err error
		if want[i], err = sumOf(io.LimitReader(randomBytes(uint64(i)), size)); err != nil {
			t.Fatal(err)
		}
	}
	dawdling, stop := context.WithCancel(t.Context())
	var dawdlers sync.WaitGroup
	for c := range slow {
		dawdlers.Go(func() { dawdle(dawdling, r, fmt.Sprintf("v1/%d", c%files), int64(c)*size/int64(slow)) })
	}
	begun := time.Now()
	all, ctx := errgroup.WithContext(t.Context())
	for c := range fast {
		all.Go(func() error { return r.expect(ctx, fmt.Sprintf("v1/%d", c%files), want[c%files]) })
	}
	err := all.Wait()
	took := time.Since(begun)
	stop()
	dawdlers.Wait()
	if err != nil {
		t.Fatal(err)
	}
	g.checkPeak(t, fmt.Sprintf("%d reads of %d MiB beside %d slow ones, %v", fast, size>>20, slow, took.Round(time.Second)))
}

// dawdle begins to read a file at an offset, and takes no more than the first
// byte of it until ctx ends.
func dawdle(ctx context.Context, r *reference, key string, off int64) {
	o := minio.GetObjectOptions{}
	if err := o.SetRange(off, 0); err != nil {
		return
	}
	body, _, _, err := r.core.GetObject(ctx, r.bucket, key, o)
	if err != nil {
		return // ctx has ended, or will
	}
	defer body.Close()
	_, _ = io.ReadFull(body, make([]byte, 1))
	<-ctx.Done()
}
