package conformance

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/minio/minio-go/v7"
)

// A reference looks at a bucket beside the client under test, so that a name
// or a byte that a client spoils on the way in and mends on the way out does
// not go unseen.
type reference struct {
	core   minio.Core
	bucket string
}

// newReference makes the bucket.
func newReference(t *testing.T, e endpoint, bucket string) *reference {
	t.Helper()
	r := &reference{minio.Core{Client: newMinio(t, e)}, bucket}
	if err := r.core.MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{}); err != nil {
		t.Fatalf("make bucket %s: %v", bucket, err)
	}
	return r
}

func (r *reference) put(ctx context.Context, key string, data []byte) error {
	_, err := r.core.Client.PutObject(ctx, r.bucket, key, bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{})
	return err
}

func (r *reference) sum(ctx context.Context, key string) (digest, error) {
	object, err := r.core.Client.GetObject(ctx, r.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return digest{}, err
	}
	defer object.Close()
	return sumOf(object)
}

// expect returns an error unless the object's bytes have that digest.
func (r *reference) expect(ctx context.Context, key string, want digest) error {
	got, err := r.sum(ctx, key)
	if err != nil {
		return fmt.Errorf("%q seen from beside: %w", key, err)
	}
	if got != want {
		return fmt.Errorf("%q seen from beside has the digest %v, want %v", key, got, want)
	}
	return nil
}

// keys are all keys of the bucket, in the order of the listing.
func (r *reference) keys(ctx context.Context) ([]string, error) {
	return (&minioClient{r.core.Client, r.bucket}).list(ctx)
}

// tree is the digest of each object of the bucket whose key keep wants.
func (r *reference) tree(ctx context.Context, keep func(key string) bool) (map[string]digest, error) {
	keys, err := r.keys(ctx)
	if err != nil {
		return nil, err
	}
	sums := map[string]digest{}
	for _, key := range keys {
		if !keep(key) {
			continue
		}
		if sums[key], err = r.sum(ctx, key); err != nil {
			return nil, fmt.Errorf("%q seen from beside: %w", key, err)
		}
	}
	return sums, nil
}

// beginUpload leaves an upload with one part.
func (r *reference) beginUpload(ctx context.Context, key string) error {
	id, err := r.core.NewMultipartUpload(ctx, r.bucket, key, minio.PutObjectOptions{})
	if err != nil {
		return err
	}
	part := []byte("a part that is never completed")
	_, err = r.core.PutObjectPart(ctx, r.bucket, key, id, 1, bytes.NewReader(part), int64(len(part)), minio.PutObjectPartOptions{})
	return err
}

// uploads are the keys of the unfinished uploads.
func (r *reference) uploads(ctx context.Context) ([]string, error) {
	var keys []string
	for upload := range r.core.ListIncompleteUploads(ctx, r.bucket, "", true) {
		if upload.Err != nil {
			return nil, upload.Err
		}
		keys = append(keys, upload.Key)
	}
	return keys, nil
}
