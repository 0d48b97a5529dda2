package conformance

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// newMinio is minio-go with its own transport, which trusts e's authority.
// Each option changes what the library would do by default.
func newMinio(t *testing.T, e endpoint, options ...func(*minio.Options)) *minio.Client {
	t.Helper()
	transport, err := minio.DefaultTransport(e.tls())
	if err != nil {
		t.Fatal(err)
	}
	if e.tls() {
		transport.TLSClientConfig = trust(e)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return newMinioOver(t, e, transport, options...)
}

func newMinioOver(t *testing.T, e endpoint, transport http.RoundTripper, options ...func(*minio.Options)) *minio.Client {
	t.Helper()
	o := minio.Options{
		Creds: credentials.NewStaticV4(e.access, e.secret, ""), Secure: e.tls(), Transport: transport,
	}
	for _, option := range options {
		option(&o)
	}
	c, err := minio.New(e.host(), &o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type minioClient struct {
	*minio.Client
	bucket string
}

func openMinio(t *testing.T, e endpoint, bucket string) client {
	return &minioClient{newMinio(t, e), bucket}
}

func (c *minioClient) put(ctx context.Context, file, key string) error {
	_, err := c.FPutObject(ctx, c.bucket, key, file, minio.PutObjectOptions{})
	return err
}

func (c *minioClient) get(ctx context.Context, key, file string) error {
	return c.FGetObject(ctx, c.bucket, key, file, minio.GetObjectOptions{})
}

func (c *minioClient) copy(ctx context.Context, from, to string) error {
	_, err := c.CopyObject(ctx, minio.CopyDestOptions{Bucket: c.bucket, Object: to}, minio.CopySrcOptions{Bucket: c.bucket, Object: from})
	return err
}

func (c *minioClient) move(ctx context.Context, from, to string) error {
	if err := c.copy(ctx, from, to); err != nil {
		return err
	}
	return c.remove(ctx, from)
}

func (c *minioClient) remove(ctx context.Context, key string) error {
	return c.RemoveObject(ctx, c.bucket, key, minio.RemoveObjectOptions{})
}

func (c *minioClient) part(ctx context.Context, key string, off, n int64) ([]byte, error) {
	var o minio.GetObjectOptions
	if err := o.SetRange(off, off+n-1); err != nil {
		return nil, err
	}
	object, err := c.GetObject(ctx, c.bucket, key, o)
	if err != nil {
		return nil, err
	}
	defer object.Close()
	return io.ReadAll(object)
}

func (c *minioClient) list(ctx context.Context) ([]string, error) {
	var keys []string
	for object := range c.ListObjects(ctx, c.bucket, minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			return nil, object.Err
		}
		keys = append(keys, object.Key)
	}
	return keys, nil
}

func (c *minioClient) abortUploads(ctx context.Context) error {
	for upload := range c.ListIncompleteUploads(ctx, c.bucket, "", true) {
		if upload.Err != nil {
			return upload.Err
		}
		if err := c.RemoveIncompleteUpload(ctx, c.bucket, upload.Key); err != nil {
			return err
		}
	}
	return nil
}
