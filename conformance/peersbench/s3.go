package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// The buckets that every server has.
const (
	bucket     = "bench"
	listBucket = "list" // holds nothing but the keys that are listed
)

// s3Client is aws-sdk-go-v2 with its defaults, one a server, by which rows are
// judged.
type s3Client struct {
	*s3.Client
	options []func(*s3.Options) // of each PUT
}

func newS3(v *server) *s3Client {
	loaded, err := config.LoadDefaultConfig(context.Background(), config.WithRegion(region),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(accessKey, secretKey, "")),
		config.WithSharedConfigFiles(nil), config.WithSharedCredentialsFiles(nil))
	if err != nil {
		panic(err) // all that it would look for is given
	}
	return &s3Client{Client: s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.BaseEndpoint = aws.String(v.url)
		o.UsePathStyle = true
		o.DisableLogOutputChecksumValidationSkipped = true // a line for each answer
	})}
}

// newUnsignedS3 is newS3 whose PUTs do not sign the digest of their bodies,
// which is what the SDK does over https.
func newUnsignedS3(v *server) *s3Client {
	c := newS3(v)
	c.options = append(c.options, s3.WithAPIOptions(v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware))
	return c
}

func (c *s3Client) createBuckets(ctx context.Context) error {
	for _, name := range []string{bucket, listBucket} {
		if _, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}); err != nil {
			return err
		}
	}
	return nil
}

func (c *s3Client) put(ctx context.Context, bucket, key string, body []byte) error {
	_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)}, c.options...)
	return err
}

func (c *s3Client) get(ctx context.Context, key string) (io.ReadCloser, error) {
	out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &key})
	if err != nil {
		return nil, err
	}
	return out.Body, nil
}

// getRange returns the n bytes from off on.
func (c *s3Client) getRange(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	out, err := c.GetObject(ctx, &s3.GetObjectInput{
		Bucket: aws.String(bucket), Key: &key, Range: aws.String(fmt.Sprintf("bytes=%d-%d", off, off+n-1)),
	})
	if err != nil {
		return nil, err
	}
	return out.Body, nil
}

// head returns the size of an object.
func (c *s3Client) head(ctx context.Context, key string) (int64, error) {
	out, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: &key})
	if err != nil {
		return 0, err
	}
	return aws.ToInt64(out.ContentLength), nil
}

func (c *s3Client) remove(ctx context.Context, key string) error {
	_, err := c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: &key})
	return err
}

// list calls page for each page of the keys of listBucket.
func (c *s3Client) list(ctx context.Context, page func([]types.Object)) error {
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: aws.String(listBucket)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		page(out.Contents)
	}
	return nil
}
