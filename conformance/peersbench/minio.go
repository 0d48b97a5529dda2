package main

import (
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// minioClient is minio-go with its defaults, which sends large objects in
// parts.
type minioClient struct{ *minio.Client }

func newMinio(v *server) minioClient {
	c, err := minio.New(strings.TrimPrefix(v.url, "http://"), &minio.Options{
		Creds: credentials.NewStaticV4(accessKey, secretKey, ""), Region: region,
	})
	if err != nil {
		panic(err) // the address is one
	}
	return minioClient{c}
}

func (c minioClient) put(ctx context.Context, bucket, key string, body []byte) error {
	_, err := c.PutObject(ctx, bucket, key, bytes.NewReader(body), int64(len(body)), minio.PutObjectOptions{})
	return err
}

func (c minioClient) get(ctx context.Context, key string) (io.ReadCloser, error) {
	return c.GetObject(ctx, bucket, key, minio.GetObjectOptions{})
}
