package conformance

import (
	"context"
	"strconv"
	"strings"
	"testing"
)

// rclone works on the remote "gw", which its environment describes.
type rclone struct {
	shell
	program string
	bucket  string
}

func openRclone(program string) func(*testing.T, endpoint, string) client {
	return func(t *testing.T, e endpoint, bucket string) client {
		pairs := []string{
			"RCLONE_CONFIG_GW_TYPE=s3", "RCLONE_CONFIG_GW_PROVIDER=Other", "RCLONE_CONFIG_GW_ENDPOINT=" + e.url,
			"RCLONE_CONFIG_GW_ACCESS_KEY_ID=" + e.access, "RCLONE_CONFIG_GW_SECRET_ACCESS_KEY=" + e.secret,
		}
		if e.ca != "" {
			pairs = append(pairs, "RCLONE_CA_CERT="+e.ca)
		}
		return &rclone{newShell(t, pairs...), program, bucket}
	}
}

func (c *rclone) rclone(ctx context.Context, args ...string) error {
	_, err := c.run(ctx, c.program, args...)
	return err
}

func (c *rclone) url(key string) string { return "gw:" + c.bucket + "/" + key }

func (c *rclone) put(ctx context.Context, file, key string) error {
	return c.rclone(ctx, "copyto", file, c.url(key))
}

func (c *rclone) get(ctx context.Context, key, file string) error {
	return c.rclone(ctx, "copyto", c.url(key), file)
}

func (c *rclone) copy(ctx context.Context, from, to string) error {
	return c.rclone(ctx, "copyto", c.url(from), c.url(to))
}

func (c *rclone) move(ctx context.Context, from, to string) error {
	return c.rclone(ctx, "moveto", c.url(from), c.url(to))
}

func (c *rclone) remove(ctx context.Context, key string) error {
	return c.rclone(ctx, "deletefile", c.url(key))
}

func (c *rclone) putTree(ctx context.Context, dir, prefix string) error {
	return c.rclone(ctx, "copy", dir, c.url(prefix))
}

func (c *rclone) getTree(ctx context.Context, prefix, dir string) error {
	return c.rclone(ctx, "copy", c.url(prefix), dir)
}

func (c *rclone) part(ctx context.Context, key string, off, n int64) ([]byte, error) {
	out, err := c.run(ctx, c.program, "cat", "--offset", strconv.FormatInt(off, 10), "--count", strconv.FormatInt(n, 10), c.url(key))
	return []byte(out), err
}

func (c *rclone) list(ctx context.Context) ([]string, error) {
	out, err := c.run(ctx, c.program, "lsf", "--recursive", "--files-only", c.url(""))
	return strings.FieldsFunc(out, func(r rune) bool { return r == '\n' }), err
}

func (c *rclone) abortUploads(ctx context.Context) error {
	return c.rclone(ctx, "backend", "cleanup", c.url(""), "-o", "max-age=0s")
}
