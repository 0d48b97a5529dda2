package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	treeFiles = 2_000
	treeMost  = 16 << 10 // bytes of a file
)

// TestWebDAVMount copies a tree through davfs2 into a dataset and out again. A
// second mount has nothing in its cache and reads what the first has written.
func TestWebDAVMount(t *testing.T) {
	t.Parallel()
	d, beside := newDrive(t, newGateway(t, false).endpoint, "mounted")
	from, to := t.TempDir(), t.TempDir()
	if err := writeTree(from, newSeed(t)); err != nil {
		t.Fatal(err)
	}

	mounted := mountDrive(t, d)
	mounted.sh(t, `mkdir "$0/v1" && cp -r "$1" "$0/v1/tree"`, from)
	mounted.sh(t, `printf one >"$0/v1/first" && mv "$0/v1/first" "$0/v1/second" && printf ' two' >>"$0/v1/second"`)
	mounted.sh(t, `mv "$0/v1/second" "$0/v1/moved" && mkdir "$0/v1/d" && mv "$0/v1/d" "$0/v1/e" && touch "$0/v1/e/empty" "$0/v1/gone" && rm "$0/v1/gone"`)
	mounted.unmount(t)

	mounted = mountDrive(t, d)
	mounted.sh(t, `cp -r "$0/v1/tree" "$1/tree" && diff -r "$2" "$1/tree" && diff -r "$2" "$0/v1/tree"`, to, from)
	mounted.sh(t, `test "$(cat "$0/v1/moved")" = "one two" && test "$(ls "$0/v1")" = "$(printf 'e\nmoved\ntree')"`)
	mounted.sh(t, `mv "$0/v1/tree/dir 1" "$0/v1/tree/renamed" && diff -r "$1/dir 1" "$0/v1/tree/renamed" && rm -r "$0/v1/tree/renamed"`, from)
	mounted.unmount(t)

	want, err := sumOfTree(from)
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[string]digest{"v1/moved": sumOfBytes([]byte("one two")), "v1/e/empty": sumOfBytes(nil)}
	for name, sum := range want {
		if !strings.HasPrefix(name, "dir 1/") {
			wanted["v1/tree/"+name] = sum
		}
	}
	got, err := beside.tree(t.Context(), func(key string) bool { return !strings.HasSuffix(key, "/") })
	if err != nil {
		t.Fatal(err)
	}
	if err := differ(got, wanted); err != nil {
		t.Errorf("seen over S3: %v", err)
	}
}

// writeTree makes treeFiles files of odd sizes in folders of odd names.
func writeTree(dir string, seed uint64) error {
	for n := range treeFiles {
		name := fmt.Sprintf("dir %d/%%é&'#+ %d/file %d.bin", n%10, n%3, n)
		if _, err := writeRandom(filepath.Join(dir, name), int64(n*7919%treeMost), seed+uint64(n)); err != nil {
			return err
		}
	}
	return nil
}

// A davfs is a drive mounted by davfs2.
type davfs struct {
	root string
	up   bool
}

// mountDrive mounts the dataset until unmount or the test's end. davfs2 has to
// be root to mount, gives that up for a user of its own, and lists nothing on
// Linux from 6.16 on unless its buffer is 64 KiB.
func mountDrive(t *testing.T, d *drive) *davfs {
	t.Helper()
	dir, cache := t.TempDir(), sharedDir(t)
	m := &davfs{root: filepath.Join(dir, "mount")}
	secrets, config := filepath.Join(dir, "secrets"), filepath.Join(dir, "config")
	if err := os.Mkdir(m.root, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		secrets: fmt.Sprintf("%s %s %s\n", d.root(), d.access, d.secret),
		config:  fmt.Sprintf("secrets %s\ncache_dir %s\nbuf_size 64\ndelay_upload 0\n", secrets, cache),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	asRoot(t, "mount.davfs", d.root(), m.root, "-o", fmt.Sprintf("conf=%s,uid=%d,gid=%d", config, os.Getuid(), os.Getgid()))
	m.up = true
	t.Cleanup(func() { m.unmount(t) })
	return m
}

// sharedDir is a folder for the test that every user may write to.
func sharedDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "davfs-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { asRoot(t, "rm", "-rf", dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// unmount waits until all is written.
func (m *davfs) unmount(t *testing.T) {
	t.Helper()
	if m.up {
		m.up = false
		asRoot(t, "umount", m.root)
	}
}

// sh runs a script of which $0 is the mounted folder.
func (m *davfs) sh(t *testing.T, script string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-euc", script, m.root}, args...)...)
	cmd.Env = cleanEnv(t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%.2000s", script, err, out)
	}
}

// asRoot runs a program as root, or fails the test.
func asRoot(t *testing.T, name string, args ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		name, args = "sudo", append([]string{"-n", name}, args...)
	}
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%.2000s", name, args, err, out)
	}
}
