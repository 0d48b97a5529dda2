package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// awsCLI is the aws program, version 1 or 2.
type awsCLI struct {
	shell
	program  string
	endpoint string
	bucket   string
	scratch  string // folder for the bytes of ranged reads
}

func openAWS(program string) func(*testing.T, endpoint, string) client {
	return func(t *testing.T, e endpoint, bucket string) client { return newAWS(t, program, e, bucket) }
}

func newAWS(t *testing.T, program string, e endpoint, bucket string) *awsCLI {
	pairs := []string{
		"AWS_ACCESS_KEY_ID=" + e.access, "AWS_SECRET_ACCESS_KEY=" + e.secret,
		"AWS_DEFAULT_REGION=us-east-1", "AWS_PAGER=",
	}
	if e.ca != "" {
		pairs = append(pairs, "AWS_CA_BUNDLE="+e.ca)
	}
	return &awsCLI{newShell(t, pairs...), program, e.url, bucket, t.TempDir()}
}

func (c *awsCLI) aws(ctx context.Context, args ...string) (string, error) {
	return c.run(ctx, c.program, append([]string{"--endpoint-url", c.endpoint}, args...)...)
}

func (c *awsCLI) s3(ctx context.Context, args ...string) error {
	_, err := c.aws(ctx, append([]string{"s3"}, args...)...)
	return err
}

func (c *awsCLI) url(key string) string { return "s3://" + c.bucket + "/" + key }

func (c *awsCLI) put(ctx context.Context, file, key string) error {
	return c.s3(ctx, "cp", file, c.url(key))
}

func (c *awsCLI) get(ctx context.Context, key, file string) error {
	return c.s3(ctx, "cp", c.url(key), file)
}

func (c *awsCLI) copy(ctx context.Context, from, to string) error {
	return c.s3(ctx, "cp", c.url(from), c.url(to))
}

func (c *awsCLI) move(ctx context.Context, from, to string) error {
	return c.s3(ctx, "mv", c.url(from), c.url(to))
}

func (c *awsCLI) remove(ctx context.Context, key string) error {
	return c.s3(ctx, "rm", c.url(key))
}

func (c *awsCLI) putTree(ctx context.Context, dir, prefix string) error {
	return c.s3(ctx, "cp", "--recursive", dir, c.url(prefix))
}

func (c *awsCLI) getTree(ctx context.Context, prefix, dir string) error {
	return c.s3(ctx, "cp", "--recursive", c.url(prefix), dir)
}

func (c *awsCLI) part(ctx context.Context, key string, off, n int64) ([]byte, error) {
	file := filepath.Join(c.scratch, "range")
	defer os.Remove(file)
	_, err := c.aws(ctx, "s3api", "get-object", "--bucket", c.bucket, "--key", key,
		"--range", fmt.Sprintf("bytes=%d-%d", off, off+n-1), file)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

func (c *awsCLI) list(ctx context.Context) ([]string, error) {
	out, err := c.aws(ctx, "s3api", "list-objects-v2", "--bucket", c.bucket, "--output", "json", "--query", "Contents[].Key")
	if err != nil {
		return nil, err
	}
	var keys []string
	return keys, json.Unmarshal([]byte(out), &keys)
}

func (c *awsCLI) abortUploads(ctx context.Context) error {
	out, err := c.aws(ctx, "s3api", "list-multipart-uploads", "--bucket", c.bucket, "--output", "json")
	if err != nil {
		return err
	}
	var found struct {
		Uploads []struct{ Key, UploadId string }
	}
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		return err
	}
	for _, upload := range found.Uploads {
		_, err := c.aws(ctx, "s3api", "abort-multipart-upload", "--bucket", c.bucket, "--key", upload.Key, "--upload-id", upload.UploadId)
		if err != nil {
			return err
		}
	}
	return nil
}
