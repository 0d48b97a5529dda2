package conformance

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// sdkClient is aws-sdk-go-v2: its transfer manager for whole files, its S3
// client for the rest.
type sdkClient struct {
	s3       *s3.Client
	transfer *transfermanager.Client
	bucket   string
}

func openSDK(t *testing.T, e endpoint, bucket string) client {
	t.Helper()
	options := []func(*config.LoadOptions) error{
		config.WithRegion("us-east-1"),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(e.access, e.secret, "")),
		config.WithSharedConfigFiles(nil), config.WithSharedCredentialsFiles(nil),
	}
	if e.ca != "" {
		authority, err := os.Open(e.ca)
		if err != nil {
			t.Fatal(err)
		}
		defer authority.Close()
		options = append(options, config.WithCustomCABundle(authority))
	}
	loaded, err := config.LoadDefaultConfig(t.Context(), options...)
	if err != nil {
		t.Fatal(err)
	}
	c := s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.BaseEndpoint = aws.String(e.url)
		o.UsePathStyle = true
		o.DisableLogOutputChecksumValidationSkipped = true // a line for each answer
	})
	return &sdkClient{c, transfermanager.New(c), bucket}
}

func (c *sdkClient) put(ctx context.Context, file, key string) error {
	body, err := os.Open(file)
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = c.transfer.UploadObject(ctx, &transfermanager.UploadObjectInput{Bucket: &c.bucket, Key: &key, Body: body})
	return err
}

func (c *sdkClient) get(ctx context.Context, key, file string) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = c.transfer.DownloadObject(ctx, &transfermanager.DownloadObjectInput{Bucket: &c.bucket, Key: &key, WriterAt: out})
	return err
}

func (c *sdkClient) copy(ctx context.Context, from, to string) error {
	source := c.bucket + "/" + strings.ReplaceAll(url.QueryEscape(from), "+", "%20")
	_, err := c.s3.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &c.bucket, Key: &to, CopySource: &source})
	return err
}

func (c *sdkClient) move(ctx context.Context, from, to string) error {
	if err := c.copy(ctx, from, to); err != nil {
		return err
	}
	return c.remove(ctx, from)
}

func (c *sdkClient) remove(ctx context.Context, key string) error {
	_, err := c.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &c.bucket, Key: &key})
	return err
}

func (c *sdkClient) part(ctx context.Context, key string, off, n int64) ([]byte, error) {
	span := fmt.Sprintf("bytes=%d-%d", off, off+n-1)
	out, err := c.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &c.bucket, Key: &key, Range: &span})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

func (c *sdkClient) list(ctx context.Context) ([]string, error) {
	var keys []string
	pages := s3.NewListObjectsV2Paginator(c.s3, &s3.ListObjectsV2Input{Bucket: &c.bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, object := range page.Contents {
			keys = append(keys, *object.Key)
		}
	}
	return keys, nil
}

func (c *sdkClient) abortUploads(ctx context.Context) error {
	found, err := c.s3.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &c.bucket})
	if err != nil {
		return err
	}
	for _, upload := range found.Uploads {
		_, err := c.s3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &c.bucket, Key: upload.Key, UploadId: upload.UploadId})
		if err != nil {
			return err
		}
	}
	return nil
}
