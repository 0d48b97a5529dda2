package conformance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// s3cmd is configured by the file it would itself write.
type s3cmd struct {
	shell
	config  string
	bucket  string
	scratch string // folder for the bytes of ranged reads
}

func openS3cmd(t *testing.T, e endpoint, bucket string) client {
	dir := t.TempDir()
	c := &s3cmd{newShell(t), filepath.Join(dir, "s3cfg"), bucket, dir}
	text := fmt.Sprintf("[default]\naccess_key = %s\nsecret_key = %s\nhost_base = %s\nhost_bucket = %s\nuse_https = %t\nca_certs_file = %s\n",
		e.access, e.secret, e.host(), e.host(), e.tls(), e.ca)
	if err := os.WriteFile(c.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *s3cmd) s3cmd(ctx context.Context, args ...string) (string, error) {
	return c.run(ctx, "s3cmd", append([]string{"--config", c.config, "--no-progress"}, args...)...)
}

func (c *s3cmd) url(key string) string { return "s3://" + c.bucket + "/" + key }

func (c *s3cmd) put(ctx context.Context, file, key string) error {
	_, err := c.s3cmd(ctx, "put", file, c.url(key))
	return err
}

func (c *s3cmd) get(ctx context.Context, key, file string) error {
	_, err := c.s3cmd(ctx, "get", "--force", c.url(key), file)
	return err
}

func (c *s3cmd) copy(ctx context.Context, from, to string) error {
	_, err := c.s3cmd(ctx, "cp", c.url(from), c.url(to))
	return err
}

func (c *s3cmd) move(ctx context.Context, from, to string) error {
	_, err := c.s3cmd(ctx, "mv", c.url(from), c.url(to))
	return err
}

func (c *s3cmd) remove(ctx context.Context, key string) error {
	_, err := c.s3cmd(ctx, "del", c.url(key))
	return err
}

func (c *s3cmd) putTree(ctx context.Context, dir, prefix string) error {
	_, err := c.s3cmd(ctx, "put", "--recursive", dir+"/", c.url(prefix))
	return err
}

func (c *s3cmd) getTree(ctx context.Context, prefix, dir string) error {
	_, err := c.s3cmd(ctx, "get", "--recursive", c.url(prefix), dir+"/")
	return err
}

// part resumes a download whose first off bytes are there: the one ranged read
// that s3cmd makes. It always runs to the object's end.
func (c *s3cmd) part(ctx context.Context, key string, off, n int64) ([]byte, error) {
	file := filepath.Join(c.scratch, "resumed")
	defer os.Remove(file)
	if err := os.WriteFile(file, make([]byte, off), 0o600); err != nil {
		return nil, err
	}
	if _, err := c.s3cmd(ctx, "get", "--continue", c.url(key), file); err != nil {
		return nil, err
	}
	bytes, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if int64(len(bytes)) < off+n {
		return nil, fmt.Errorf("resumed to %d bytes, want at least %d", len(bytes), off+n)
	}
	return bytes[off : off+n], nil
}

// list reads lines of "date time size s3://bucket/key".
func (c *s3cmd) list(ctx context.Context) ([]string, error) {
	out, err := c.s3cmd(ctx, "ls", "--recursive", c.url(""))
	if err != nil {
		return nil, err
	}
	var keys []string
	for line := range strings.Lines(out) {
		if _, key, ok := strings.Cut(strings.TrimSuffix(line, "\n"), c.url("")); ok {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// abortUploads reads lines of "date s3://bucket/key upload-id" below a heading.
func (c *s3cmd) abortUploads(ctx context.Context) error {
	out, err := c.s3cmd(ctx, "multipart", c.url(""))
	if err != nil {
		return err
	}
	for line := range strings.Lines(out) {
		columns := strings.Split(strings.TrimSpace(line), "\t")
		if len(columns) != 3 || !strings.HasPrefix(columns[1], c.url("")) {
			continue
		}
		if _, err := c.s3cmd(ctx, "abortmp", columns[1], columns[2]); err != nil {
			return err
		}
	}
	return nil
}
