package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const mountWithin = 20 * time.Second

// s3fs is a bucket mounted by the kernel's FUSE.
type s3fs struct {
	shell
	bucket string
	root   string   // the mount point
	access []string // options that name the server and the keys
}

func openS3fs(t *testing.T, e endpoint, bucket string) client {
	t.Helper()
	dir := t.TempDir()
	keys, root := filepath.Join(dir, "keys"), filepath.Join(dir, "mount")
	if err := os.WriteFile(keys, []byte(e.access+":"+e.secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	var env []string
	if e.ca != "" {
		env = append(env, "CURL_CA_BUNDLE="+e.ca)
	}
	c := &s3fs{newShell(t, env...), bucket, root, []string{"-o", "url=" + e.url + ",passwd_file=" + keys + ",use_path_request_style"}}
	c.mount(t)
	return c
}

// mount runs s3fs in the foreground until the test's end.
func (c *s3fs) mount(t *testing.T) {
	t.Helper()
	cmd := exec.Command("s3fs", append([]string{c.bucket, c.root, "-f"}, c.access...)...)
	cmd.Env = c.env
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(mountWithin); !mounted(c.root); {
		select {
		case err := <-gone:
			t.Fatalf("mount: %v\n%s", err, said.String())
		case <-late:
			cmd.Process.Kill()
			t.Fatalf("not mounted after %v", mountWithin)
		case <-tick.C:
		}
	}
	t.Cleanup(func() {
		if out, err := exec.Command("fusermount3", "-u", c.root).CombinedOutput(); err != nil {
			t.Errorf("unmount: %v: %s", err, out)
			cmd.Process.Kill()
		}
		if err := <-gone; err != nil {
			t.Errorf("end of s3fs: %v\n%s", err, said.String())
		}
	})
}

func mounted(dir string) bool {
	table, err := os.ReadFile("/proc/mounts")
	return err == nil && strings.Contains(string(table), " "+dir+" fuse.s3fs ")
}

func (c *s3fs) path(key string) string { return filepath.Join(c.root, key) }

func (c *s3fs) put(_ context.Context, file, key string) error {
	if err := os.MkdirAll(filepath.Dir(c.path(key)), 0o755); err != nil {
		return err
	}
	return copyFile(file, c.path(key))
}

func (c *s3fs) get(_ context.Context, key, file string) error {
	return copyFile(c.path(key), file)
}

func (c *s3fs) copy(ctx context.Context, from, to string) error {
	return c.put(ctx, c.path(from), to)
}

func (c *s3fs) move(_ context.Context, from, to string) error {
	return os.Rename(c.path(from), c.path(to))
}

func (c *s3fs) remove(_ context.Context, key string) error {
	return os.Remove(c.path(key))
}

func (c *s3fs) putTree(_ context.Context, dir, prefix string) error {
	return os.CopyFS(c.path(prefix), os.DirFS(dir))
}

func (c *s3fs) getTree(_ context.Context, prefix, dir string) error {
	return os.CopyFS(dir, os.DirFS(c.path(prefix)))
}

func (c *s3fs) part(_ context.Context, key string, off, n int64) ([]byte, error) {
	file, err := os.Open(c.path(key))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.NewSectionReader(file, off, n))
}

func (c *s3fs) list(context.Context) ([]string, error) {
	var keys []string
	err := filepath.WalkDir(c.root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			keys = append(keys, strings.TrimPrefix(path, c.root+"/"))
		}
		return err
	})
	return keys, err
}

func (c *s3fs) abortUploads(ctx context.Context) error {
	_, err := c.run(ctx, "sh", "-c", `yes | exec s3fs "$@"`, "s3fs", "--incomplete-mpu-abort=all", c.bucket, c.access[0], c.access[1])
	return err
}

// habits are what a mounted folder does that a bucket does not.
func (c *s3fs) habits(context.Context) error {
	path := c.path("v1/appended")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte("one "), 0o644); err != nil {
		return err
	}
	if err := appendTo(path, "two"); err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	renamed := c.path("v1/renamed")
	if err := os.Rename(path, renamed); err != nil {
		return err
	}
	text, err := os.ReadFile(renamed)
	if err != nil || string(text) != "one two" {
		return fmt.Errorf("read back %q, %v, want %q", text, err, "one two")
	}
	info, err := os.Stat(renamed)
	if err != nil || info.Mode() != 0o600 {
		return fmt.Errorf("mode is %v, %v, want -rw-------", info.Mode(), err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		return fmt.Errorf("the old name after a rename: %v, want no such file", err)
	}
	return nil
}

func appendTo(path, text string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := file.WriteString(text); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
