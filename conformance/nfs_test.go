package conformance

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
)

// An nfsGateway is a gateway that serves NFS too.
type nfsGateway struct {
	*gateway
	address string // of NFS
}

// newNFSGateway starts a gateway that serves NFS, with further variables.
func newNFSGateway(t *testing.T, env ...string) nfsGateway {
	t.Helper()
	address := freeAddress(t)
	return nfsGateway{newGateway(t, false, append(env, "AETHERFS_NFS_LISTEN="+address)...), address}
}

// dial connects to it until the test ends.
func (g nfsGateway) dial(t *testing.T) *nfsClient {
	t.Helper()
	c, err := dialNFS(g.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

// mounted connects to it and mounts a directory.
func (g nfsGateway) mounted(t *testing.T, path string) (*nfsClient, nfsHandle) {
	t.Helper()
	c := g.dial(t)
	h, err := c.mount(path)
	if err != nil {
		t.Fatal(err)
	}
	return c, h
}

// nfsURL is how libnfs is told a path.
func (g nfsGateway) nfsURL(path string) string {
	_, port, _ := net.SplitHostPort(g.address)
	return fmt.Sprintf("nfs://127.0.0.1%s?nfsport=%s&mountport=%s&version=3", path, port, port)
}

// libnfs runs libnfs's programs on a gateway.
type libnfs struct {
	shell
	g nfsGateway
}

// list returns all files below a directory: "nfs-ls -R" prints directories as
// well, and each line as "ls -l" does.
func (l libnfs) list(ctx context.Context, dir string) ([]string, error) {
	out, err := l.run(ctx, "nfs-ls", "-R", l.g.nfsURL(dir))
	if err != nil {
		return nil, err
	}
	var files []string
	for _, line := range fileLine.FindAllStringSubmatch(out, -1) {
		files = append(files, line[1])
	}
	return files, nil
}

// fileLine is a file's: mode, links, owner, group, size, name.
var fileLine = regexp.MustCompile(`(?m)^-\S+ +\d+ +\d+ +\d+ +\d+ (.*)$`)

// nfsTree fills a bucket with files that a folder holds, in one tag "v1", and
// returns the digests by the files' paths in the tag.
func nfsTree(t *testing.T, g nfsGateway, bucket string) map[string]digest {
	t.Helper()
	r := newReference(t, g.endpoint, bucket)
	dir := t.TempDir()
	sums, err := writeNames(dir, "", []string{"a", "dir/b", "dir/deeper/c", "dir.and/d", "dir/ü and +%20", strings.Repeat("n", 255)})
	if err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int64{"empty": 0, "odd": 4097, "block": 1 << 20, "large/file": 9<<20 + 5} {
		if sums[name], err = writeRandom(filepath.Join(dir, name), size, uint64(size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := openMinio(t, g.endpoint, bucket).(*minioClient).putFolder(t.Context(), dir, "v1/"); err != nil {
		t.Fatal(err)
	}
	if keys, err := r.keys(t.Context()); err != nil || len(keys) != len(sums) {
		t.Fatalf("%d keys, %v, want %d", len(keys), err, len(sums))
	}
	return sums
}

// putFolder puts all files below a folder.
func (c *minioClient) putFolder(ctx context.Context, dir, prefix string) error {
	sums, err := sumOfTree(dir)
	if err != nil {
		return err
	}
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(4)
	for name := range sums {
		all.Go(func() error { return c.put(ctx, filepath.Join(dir, name), prefix+name) })
	}
	return all.Wait()
}

// TestNFSLibnfs reads what was put over S3 with the programs of libnfs.
func TestNFSLibnfs(t *testing.T) {
	g := newNFSGateway(t)
	want := nfsTree(t, g, "maps")
	l := libnfs{newShell(t), g}
	for _, root := range []string{"/", "/maps/", "/maps/v1/", "/maps/v1/dir/"} {
		files, err := l.list(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for name := range want {
			if below, ok := strings.CutPrefix("/maps/v1/"+name, root); ok {
				names = append(names, below)
			}
		}
		slices.Sort(names)
		if slices.Sort(files); !slices.Equal(files, names) && root != "/" {
			t.Errorf("nfs-ls -R %s lists %q, want %q", root, files, names)
		}
	}
	copies := t.TempDir()
	for name, sum := range want {
		file := filepath.Join(copies, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := l.run(t.Context(), "nfs-cp", g.nfsURL("/maps/v1/"+name), file); err != nil {
			t.Error(err)
		}
		out, err := l.run(t.Context(), "nfs-cat", g.nfsURL("/maps/v1/"+name))
		if got := sumOfBytes([]byte(out)); err != nil || got != sum {
			t.Errorf("nfs-cat of %q has the digest %v, %v, want %v", name, got, err, sum)
		}
	}
	got, err := sumOfTree(copies)
	if err == nil {
		err = differ(got, want)
	}
	if err != nil {
		t.Errorf("nfs-cp: %v", err)
	}
	if out, err := l.run(t.Context(), "nfs-cat", g.nfsURL("/maps/v1/none")); err == nil {
		t.Errorf("nfs-cat of a file that is not there prints %q", out)
	}
}

// Every directory can be mounted, MOUNT lists those that say so, and what is
// not exported is not there.
func TestNFSMounts(t *testing.T) {
	g := newNFSGateway(t, "AETHERFS_NFS_EXPORT=maps")
	want := nfsTree(t, g, "maps")
	nfsTree(t, g, "hidden")
	c := g.dial(t)
	if got, err := c.exports(); err != nil || !slices.Equal(got, []string{"/", "/maps"}) {
		t.Errorf("exports are %q, %v, want / and /maps", got, err)
	}
	for _, path := range []string{"/", "/maps", "/maps/", "/maps/v1", "/maps/v1/dir/deeper"} {
		if _, err := c.mount(path); err != nil {
			t.Error(err)
		}
	}
	for _, path := range []string{"/hidden", "/hidden/v1", "/none", "/maps/v2", "/maps/v1/a", "/maps/../hidden", "/../maps", "//maps", "/maps//v1", strings.Repeat("/d", 600)} {
		if _, err := c.mount(path); err == nil {
			t.Errorf("%.40s was mounted", path)
		}
	}
	root, err := c.mount("/")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hidden", "none", "..", "../hidden", "maps/v1", "maps\x00", ""} {
		if h, err := c.lookup(root, name); err == nil && h != root {
			t.Errorf("%q is found below /", name)
		}
	}
	files, err := c.walk(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.sums(files)
	if err != nil {
		t.Fatal(err)
	}
	below := map[string]digest{}
	for name, sum := range want {
		below["maps/v1/"+name] = sum
	}
	if err := differ(got, below); err != nil {
		t.Error(err)
	}
}
