package conformance

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestWebDAVCadaver works through a session of commands, which cadaver reads
// as a person would type them.
func TestWebDAVCadaver(t *testing.T) {
	t.Parallel()
	d, beside := newDrive(t, newGateway(t, false).endpoint, "typed")
	home := t.TempDir()
	sum, err := writeRandom(filepath.Join(home, "local file.bin"), 3<<20, newSeed(t))
	if err != nil {
		t.Fatal(err)
	}
	host, _, err := net.SplitHostPort(d.host())
	if err != nil {
		t.Fatal(err)
	}
	netrc := fmt.Sprintf("machine %s login %s password %s\n", host, d.access, d.secret)
	if err := os.WriteFile(filepath.Join(home, ".netrc"), []byte(netrc), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := newShell(t, "HOME="+home).run(t.Context(), "sh", "-c", `cd "$HOME" && exec cadaver "$0" <<'END'
mkcol v1
cd v1
put "local file.bin" put
get put "got back.bin"
copy put copied
move copied moved
lock moved
discover moved
unlock moved
propset moved author ann
propget moved author
copy moved gone
delete gone
mkcol folder
put "local file.bin" folder/deep
copy folder twin
rmcol folder
ls
quit
END`, d.root())
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"failed", "error", "Not Found"} {
		if strings.Contains(said, wrong) {
			t.Errorf("cadaver says %q:\n%s", wrong, said)
		}
	}
	if !strings.Contains(said, "ann") {
		t.Errorf("the property is not told:\n%s", said)
	}
	if got, err := sumOfFile(filepath.Join(home, "got back.bin")); err != nil || got != sum {
		t.Errorf("got back %v, %v, want %v", got, err, sum)
	}
	expectFiles(t, beside, map[string]digest{"v1/put": sum, "v1/moved": sum, "v1/twin/deep": sum})
}

// expectFiles fails the test unless the bucket has just those files, and
// perhaps markers of directories.
func expectFiles(t *testing.T, beside *reference, want map[string]digest) {
	t.Helper()
	got, err := beside.tree(t.Context(), func(key string) bool { return !strings.HasSuffix(key, "/") })
	if err == nil {
		err = differ(got, want)
	}
	if err != nil {
		t.Errorf("seen over S3: %v", err)
	}
}

// TestWebDAVRclone copies, moves, deletes and syncs with rclone's client of
// WebDAV.
func TestWebDAVRclone(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			d, beside := newDrive(t, newGateway(t, scheme == "https").endpoint, "synced")
			r := &rcloneDrive{openRcloneDrive(t, d), beside, t.TempDir()}
			seed := newSeed(t)
			steps := []func(context.Context, uint64) error{r.files}
			if scheme == "http" {
				steps = append(steps, r.sync, r.names)
			}
			for _, step := range steps {
				if err := step(t.Context(), seed); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// rcloneDrive works on the remote "dav", which its environment describes: the
// dataset.
type rcloneDrive struct {
	shell
	beside *reference
	dir    string // scratch
}

func openRcloneDrive(t *testing.T, d *drive) shell {
	t.Helper()
	hidden, err := newShell(t).run(t.Context(), "rclone", "obscure", d.secret)
	if err != nil {
		t.Fatal(err)
	}
	pairs := []string{
		"RCLONE_CONFIG_DAV_TYPE=webdav", "RCLONE_CONFIG_DAV_VENDOR=other", "RCLONE_CONFIG_DAV_URL=" + d.root(),
		"RCLONE_CONFIG_DAV_USER=" + d.access, "RCLONE_CONFIG_DAV_PASS=" + strings.TrimSpace(hidden),
	}
	if d.ca != "" {
		pairs = append(pairs, "RCLONE_CA_CERT="+d.ca)
	}
	return newShell(t, pairs...)
}

// steps runs rclone once for each command.
func (r *rcloneDrive) steps(ctx context.Context, commands ...[]string) error {
	for _, args := range commands {
		if _, err := r.run(ctx, "rclone", args...); err != nil {
			return err
		}
	}
	return nil
}

// expect returns an error unless the files below prefix are just those.
func (r *rcloneDrive) expect(ctx context.Context, prefix string, want map[string]digest) error {
	got, err := r.beside.tree(ctx, func(key string) bool { return strings.HasPrefix(key, prefix) && !strings.HasSuffix(key, "/") })
	if err != nil {
		return err
	}
	if err := differ(got, want); err != nil {
		return fmt.Errorf("seen over S3: %w", err)
	}
	return nil
}

func (r *rcloneDrive) files(ctx context.Context, seed uint64) error {
	file, back := filepath.Join(r.dir, "file"), filepath.Join(r.dir, "back")
	sum, err := writeRandom(file, 20<<20, seed)
	if err != nil {
		return err
	}
	if err := r.steps(ctx,
		[]string{"copyto", file, "dav:files/a"},
		[]string{"copyto", "dav:files/a", "dav:files/b"},
		[]string{"moveto", "dav:files/b", "dav:files/deeper/c"},
		[]string{"copyto", "dav:files/deeper/c", back},
		[]string{"copyto", file, "dav:files/gone"},
		[]string{"deletefile", "dav:files/gone"},
	); err != nil {
		return err
	}
	if got, err := sumOfFile(back); err != nil || got != sum {
		return fmt.Errorf("read back %v, %w, want %v", got, err, sum)
	}
	return r.expect(ctx, "files/", map[string]digest{"files/a": sum, "files/deeper/c": sum})
}

// sync brings a folder and a directory to agree, both ways, and again after
// changes.
func (r *rcloneDrive) sync(ctx context.Context, seed uint64) error {
	local, copied := filepath.Join(r.dir, "sync"), filepath.Join(r.dir, "copied")
	for round := range 2 {
		for n := range 60 {
			path := filepath.Join(local, fmt.Sprintf("d%d/f%d", n%7, n))
			switch {
			case n%3 != round: // another size: rclone looks at nothing else
				if _, err := writeRandom(path, int64(n*100+round), seed+uint64(n)); err != nil {
					return err
				}
			case n%10 == round:
				if err := os.RemoveAll(path); err != nil {
					return err
				}
			}
		}
		if err := r.steps(ctx,
			[]string{"sync", local, "dav:sync"},
			[]string{"check", "--download", local, "dav:sync"},
			[]string{"sync", "dav:sync", copied},
			[]string{"check", local, copied},
		); err != nil {
			return err
		}
	}
	sums, err := sumOfTree(local)
	if err != nil {
		return err
	}
	want := map[string]digest{}
	for name, sum := range sums {
		want["sync/"+name] = sum
	}
	return r.expect(ctx, "sync/", want)
}

// names copies files of odd names in and out, all of one directory. A backslash
// is refused over WebDAV.
func (r *rcloneDrive) names(ctx context.Context, _ uint64) error {
	local, copied := filepath.Join(r.dir, "names"), filepath.Join(r.dir, "names back")
	names := slices.DeleteFunc(fileNames(), func(name string) bool { return strings.ContainsAny(name, `/\`) })
	want, err := writeNames(local, "names/", names)
	if err != nil {
		return err
	}
	if err := r.steps(ctx, []string{"copy", local, "dav:names"}, []string{"copy", "dav:names", copied}); err != nil {
		return err
	}
	got, err := sumOfTree(copied)
	if err != nil {
		return err
	}
	back := map[string]digest{}
	for name, sum := range got {
		back["names/"+name] = sum
	}
	if err := differ(back, want); err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	return r.expect(ctx, "names/", want)
}
