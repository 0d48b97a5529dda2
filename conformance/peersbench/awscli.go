package main

import (
	"context"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// awsRows copy by the aws command line as it comes, a file and a tree.
func awsRows() []row {
	file := content{name: "aws/1GiB", count: 1, size: gib}
	tree := content{name: "aws/tree", count: 2000, size: 2 * kib}
	return []row{
		uploading("aws s3 cp 1 GiB up", file),
		downloading("aws s3 cp 1 GiB down", file),
		uploading("aws s3 cp 2,000 files up", tree),
		downloading("aws s3 cp 2,000 files down", tree),
	}
}

// uploading copies a content from files.
func uploading(name string, c content) row {
	return row{
		name: name, fresh: true, each: c.count > 1,
		prepare: func(_ context.Context, t *turn) error {
			objects := t.corpus.bodies(c, t.round)
			t.corpus.learn(c, objects)
			for i, object := range objects {
				path := filepath.Join(t.dir, c.key(i))
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					return err
				}
				if err := os.WriteFile(path, object, 0o600); err != nil {
					return err
				}
			}
			return nil
		},
		work: func(ctx context.Context, t *turn) (amount, error) {
			err := t.copy(ctx, filepath.Join(t.dir, c.name), "s3://"+bucket+"/"+c.name)
			if err == nil {
				t.held[c.name] = true
			}
			return amount{c.bytes(), c.count}, err
		},
	}
}

// downloading copies a content to files, and compares them when the clock has
// stopped.
func downloading(name string, c content) row {
	return row{
		name: name, fresh: true, each: c.count > 1,
		prepare: func(ctx context.Context, t *turn) error { return t.ensure(ctx, bucket, c, min(c.count, loaders)) },
		work: func(ctx context.Context, t *turn) (amount, error) {
			return amount{c.bytes(), c.count}, t.copy(ctx, "s3://"+bucket+"/"+c.name, filepath.Join(t.dir, c.name))
		},
		check: func(t *turn) error {
			for i := range c.count {
				data, err := os.ReadFile(filepath.Join(t.dir, c.key(i)))
				if err != nil {
					return err
				}
				if crc32.Checksum(data, castagnoli) != t.corpus.sums[c.key(i)] {
					return fmt.Errorf("%s came back changed", c.key(i))
				}
			}
			return nil
		},
	}
}

// copy runs "aws s3 cp".
func (t *turn) copy(ctx context.Context, from, to string) error {
	cmd := exec.CommandContext(ctx, "aws", "s3", "cp", "--only-show-errors", "--recursive", "--endpoint-url", t.url, from, to)
	cmd.Env = append(plainEnv(t.dir), "AWS_ACCESS_KEY_ID="+accessKey, "AWS_SECRET_ACCESS_KEY="+secretKey,
		"AWS_DEFAULT_REGION="+region, "AWS_EC2_METADATA_DISABLED=true")
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("aws s3 cp: %w\n%s", err, out)
	}
	return nil
}
