package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
)

// startDamaged is how long a gateway on a damaged store may take to be ready;
// one that refuses to start is as good as one that answers with errors.
const startDamaged = 5 * time.Second

// A damage is something that may happen to a file of the store.
type damage struct {
	name string
	do   func(path string) error
}

var damages = []damage{
	{"first byte flipped", func(path string) error { return flip(path, func(int) int { return 0 }) }},
	{"byte flipped in the first quarter", func(path string) error { return flip(path, func(n int) int { return n / 5 }) }},
	{"byte flipped in the middle", func(path string) error { return flip(path, func(n int) int { return n / 2 }) }},
	{"byte flipped near the end", func(path string) error { return flip(path, func(n int) int { return n - min(n, 40) }) }},
	{"last byte flipped", func(path string) error { return flip(path, func(n int) int { return n - 1 }) }},
	{"cut in half", func(path string) error { return cut(path, func(n int64) int64 { return n / 2 }) }},
	{"one byte short", func(path string) error { return cut(path, func(n int64) int64 { return n - 1 }) }},
	{"emptied", func(path string) error { return cut(path, func(int64) int64 { return 0 }) }},
	{"removed", os.Remove},
}

// unread are the bytes that no file's bytes hang on, so that reading sees
// nothing of their loss: a block's magic, which a scrub reads.
var unread = []string{
	"pools/default/blocks/*/* first byte flipped",
}

func flip(path string, at func(size int) int) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text[at(len(text))] ^= 0x10
	return os.WriteFile(path, text, 0o600)
}

func cut(path string, to func(size int64) int64) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, to(info.Size()))
}

// TestDamagedStore damages one object of the store at a time, of each kind and
// in each way, and reads everything by a gateway that has no caches. The client
// must see errors or broken connections, never other bytes; and an error there
// must be, for no damage goes unseen.
func TestDamagedStore(t *testing.T) {
	t.Parallel()
	g := newGateway(t, false)
	r := newReference(t, g.endpoint, "damaged")
	want := fill(t, r)
	g.stop(t)
	whole := filepath.Join(t.TempDir(), "whole")
	if err := os.Rename(g.store(), whole); err != nil {
		t.Fatal(err)
	}
	for kind, objects := range objectsByKind(t, whole) {
		t.Run(kind, func(t *testing.T) {
			for number, object := range sample(objects) {
				for _, d := range damages {
					t.Run(fmt.Sprintf("%d %s", number, d.name), func(t *testing.T) {
						restore(t, g, whole)
						if err := d.do(filepath.Join(g.store(), object)); err != nil {
							t.Fatal(err)
						}
						seen, err := readDamaged(t, g, r.bucket, want)
						if err == nil && !seen && !slices.Contains(unread, kind+" "+d.name) {
							err = errors.New("every file is read as if nothing were")
						}
						known.judge(t, err)
					})
				}
			}
		})
	}
	restore(t, g, whole)
	if seen, err := readDamaged(t, g, r.bucket, want); seen || err != nil {
		t.Errorf("a store without damage gives errors: %v", err)
	}
}

// fill puts what takes every kind of object: files that a segment embeds, files
// in blocks, and one in parts.
func fill(t *testing.T, r *reference) map[string]digest {
	t.Helper()
	want := map[string]digest{}
	for i, size := range []int64{0, 100, 3000, 60_000, 90_000, 1 << 20, 3 << 20, 20 << 20} {
		key := fmt.Sprintf("v1/%d", size)
		data, err := io.ReadAll(io.LimitReader(randomBytes(uint64(i)), size))
		if err != nil {
			t.Fatal(err)
		}
		want[key] = sumOfBytes(data)
		if err := r.put(t.Context(), key, data); err != nil { // the largest goes in parts
			t.Fatal(err)
		}
	}
	text := bytes.Repeat([]byte("a line of text that shrinks\n"), 40_000)
	want["v1/text"] = sumOfBytes(text)
	if err := r.put(t.Context(), "v1/text", text); err != nil {
		t.Fatal(err)
	}
	return want
}

var (
	idOrNumber = regexp.MustCompile(`[0-9a-f]{16,64}`)
	shard      = regexp.MustCompile(`/[0-9a-f]{2}/`)
)

// objectsByKind sorts the files of a store by their names without ids and
// numbers. The names that begin with _ are the folder's own, not objects.
func objectsByKind(t *testing.T, dir string) map[string][]string {
	t.Helper()
	kinds := map[string][]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		object, err := filepath.Rel(dir, path)
		if err != nil || object[0] == '_' {
			return err
		}
		kind := shard.ReplaceAllString(idOrNumber.ReplaceAllString(object, "*"), "/*/")
		kinds[kind] = append(kinds[kind], object)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("kinds of objects: %q", slices.Sorted(maps.Keys(kinds)))
	return kinds
}

// sample is the first and the last of a list.
func sample(objects []string) []string {
	return slices.Compact([]string{objects[0], objects[len(objects)-1]})
}

// restore gives the gateway a copy of the whole store, and nothing else.
func restore(t *testing.T, g *gateway, whole string) {
	t.Helper()
	if err := os.RemoveAll(g.data); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(g.store(), os.DirFS(whole)); err != nil {
		t.Fatal(err)
	}
}

// readDamaged starts the gateway and reads every file. It reports whether
// anything was seen of the damage, and returns an error if a client is given
// other bytes.
func readDamaged(t *testing.T, g *gateway, bucket string, want map[string]digest) (seen bool, err error) {
	t.Helper()
	g.launch(t)
	ctx, cancel := context.WithTimeout(t.Context(), startDamaged)
	defer cancel()
	ready := g.ready(ctx)
	if g.cmd != nil {
		defer g.kill()
	}
	if ready != nil {
		return true, nil
	}
	c := newMinio(t, g.endpoint, func(o *minio.Options) { o.MaxRetries = 1 })
	for key, sum := range want {
		object, err := c.GetObject(t.Context(), bucket, key, minio.GetObjectOptions{})
		if err != nil {
			return seen, err
		}
		got, err := sumOf(object)
		object.Close()
		switch {
		case err != nil:
			seen = true
		case got != sum:
			return seen, fmt.Errorf("%q is read with the digest %v, want %v or an error", key, got, sum)
		}
	}
	return seen, nil
}
