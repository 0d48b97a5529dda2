package conformance

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

// A scene is a store to be damaged, and what is in it.
type scene struct {
	name   string
	g      *gateway // stopped; its store is the copy that is damaged
	store  string   // that copy
	whole  string   // the store without damage
	bucket string

	want   map[string]digest   // files to read, by key
	listed []string            // all keys, with their ETags
	kinds  map[string][]string // objects of the store
}

// newScene takes over a gateway with what it has stored.
func newScene(t *testing.T, name string, g *gateway, r *reference, want map[string]digest) *scene {
	t.Helper()
	s := &scene{name: name, g: g, store: g.store(), whole: filepath.Join(filepath.Dir(g.data), "whole"), bucket: r.bucket, want: want}
	var err error
	if s.listed, err = listing(t.Context(), r.core, r.bucket); err != nil {
		t.Fatal(err)
	}
	g.stop(t)
	if err := os.Rename(s.store, s.whole); err != nil {
		t.Fatal(err)
	}
	return s
}

// logScene is a store whose log was never folded: with files that segments
// embed, files in blocks, and one in parts.
func logScene(t *testing.T) *scene {
	t.Helper()
	g := newGateway(t, false)
	r := newReference(t, g.endpoint, "damaged")
	want := fill(t, r, "v1/", 0, 100, 3000, 60_000, 90_000, 1<<20, 3<<20, 20<<20) // the largest goes in parts
	text := bytes.Repeat([]byte("a line of text that shrinks\n"), 40_000)
	want["v1/text"] = sumOfBytes(text)
	if err := r.put(t.Context(), "v1/text", text); err != nil {
		t.Fatal(err)
	}
	s := newScene(t, "log", g, r, want)
	s.kinds = objectsByKind(t, s.whole)
	return s
}

// Names enough that nodes hold them, not the root alone.
const (
	manyNames = 2000
	namesRead = 20 // of them
)

// foldedScene is a store that was folded twice, with files from before, between
// and after. Some of the segments from before the newest fold have become
// fences.
func foldedScene(t *testing.T) *scene {
	t.Helper()
	g := newGateway(t, false)
	r := newReference(t, g.endpoint, "damaged")
	want := fill(t, r, "v1/", 0, 3000, 90_000, 1<<20)
	maps.Copy(want, putNames(t, r))
	foldNow(t, g, r, 1)
	maps.Copy(want, fill(t, r, "v2/", 100, 70_000, 300_000))
	foldNow(t, g, r, 2)
	maps.Copy(want, fill(t, r, "v3/", 200, 80_000, 200_000))
	s := newScene(t, "folded", g, r, want)
	s.sortLogs(t)
	s.sortNodes(t)
	return s
}

// fill puts files of these sizes.
func fill(t *testing.T, r *reference, prefix string, sizes ...int64) map[string]digest {
	t.Helper()
	want := map[string]digest{}
	for i, size := range sizes {
		key := fmt.Sprintf("%s%d", prefix, size)
		data, err := io.ReadAll(io.LimitReader(randomBytes(uint64(i)+uint64(prefix[1])<<8), size))
		if err != nil {
			t.Fatal(err)
		}
		want[key] = sumOfBytes(data)
		if err := r.put(t.Context(), key, data); err != nil {
			t.Fatal(err)
		}
	}
	return want
}

// putNames puts many tiny files. Some of them are to be read.
func putNames(t *testing.T, r *reference) map[string]digest {
	t.Helper()
	want := map[string]digest{}
	var all errgroup.Group
	all.SetLimit(64)
	for i := range manyNames {
		key := fmt.Sprintf("v1/names/%05d", i)
		if i%(manyNames/namesRead) == 0 {
			want[key] = sumOfBytes([]byte(key))
		}
		all.Go(func() error { return putText(t.Context(), r.core, r.bucket, key, key, minio.PutObjectOptions{}) })
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	return want
}

// foldNow makes the log so long that it is folded, and waits for the
// checkpoint, which is to be the nth.
func foldNow(t *testing.T, g *gateway, r *reference, n int) {
	t.Helper()
	for range foldRecords / deletedAtOnce {
		if err := deleteAbsent(t.Context(), r.core, r.bucket); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "a checkpoint", func() bool {
		found, err := filepath.Glob(filepath.Join(g.store(), checkpointKind))
		return err == nil && len(found) >= n
	})
}

// sortLogs sorts the objects of the log by what the newest checkpoint makes of them, and
// replaces some segments by the fences that another gateway would have put.
func (s *scene) sortLogs(t *testing.T) {
	t.Helper()
	s.kinds = map[string][]string{}
	var base uint64
	for kind, objects := range objectsByKind(t, s.whole) {
		if kind != checkpointKind {
			s.kinds[kind] = objects
			continue
		}
		s.kinds[kind], s.kinds[kind+" older"] = objects[:1], objects[1:]
		base = ^numberOf(t, objects[0])
	}
	segments := s.kinds[segmentKind]
	folded, live := segments[:base], segments[base:]
	fences := folded[:len(folded)/2]
	for _, object := range fences {
		text, err := os.ReadFile(filepath.Join(s.whole, object))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.whole, object), fenceOf(text, base), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.kinds[segmentKind], s.kinds[segmentKind+" folded"], s.kinds[segmentKind+" fence"] = live, folded[len(fences):], fences
}

const (
	checkpointKind = "datasets/*/checkpoints/*"
	segmentKind    = "datasets/*/log/*"
	nodeKind       = "pools/default/nodes/*/*"
)

// sortNodes tells the nodes that are needed from those of older folds. There
// are at least the root, which the checkpoint holds too, and what has the names.
func (s *scene) sortNodes(t *testing.T) {
	t.Helper()
	var needed, older []string
	for _, node := range s.kinds[nodeKind] {
		s.restore(t)
		if err := os.Remove(s.file(node)); err != nil {
			t.Fatal(err)
		}
		if _, problem := s.fsck(t); problem != nil {
			needed = append(needed, node)
		} else {
			older = append(older, node)
		}
	}
	if len(needed) < 2 || len(older) == 0 {
		t.Fatalf("fsck misses %d nodes, and %d it does not miss", len(needed), len(older))
	}
	s.kinds[nodeKind], s.kinds[nodeKind+" older"] = needed, older
}

func numberOf(t *testing.T, object string) (n uint64) {
	t.Helper()
	if _, err := fmt.Sscanf(filepath.Base(object), "%016x", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// fenceOf is the fence in place of a segment, covered by the checkpoint of that
// base.
func fenceOf(segment []byte, base uint64) []byte {
	const owner, number, sum = 6, 6 + 16, sha256.Size // where they are; the sum is last
	fence := append([]byte("AEFN\x01\x00"), segment[owner:number+8]...)
	fence = append(fence, segment[len(segment)-sum:]...)
	fence = binary.BigEndian.AppendUint64(fence, base)
	all := sha256.Sum256(fence)
	return append(fence, all[:]...)
}

// fenced puts a fence in place of a segment, as if a checkpoint covered it.
func fenced(s *scene, object string) error {
	text, err := os.ReadFile(s.file(object))
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(text, []byte("AELG")) {
		return errNone
	}
	var n uint64
	if _, err := fmt.Sscanf(filepath.Base(object), "%016x", &n); err != nil {
		return err
	}
	return s.write(object, fenceOf(text, n))
}

var (
	idOrNumber = regexp.MustCompile(`[0-9a-f]{16,64}`)
	shard      = regexp.MustCompile(`/[0-9a-f]{2}/`)
)

// objectsByKind sorts the files of a store by their names without ids and
// numbers.
func objectsByKind(t *testing.T, dir string) map[string][]string {
	t.Helper()
	kinds := map[string][]string{}
	err := walkObjects(dir, func(object string) error {
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

// walkObjects calls f for each object of a folder store, in the order of their
// names. The names that begin with _ are the folder's own, not objects.
func walkObjects(dir string, f func(object string) error) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		object, err := filepath.Rel(dir, path)
		if err != nil || strings.HasPrefix(object, "_") {
			return err
		}
		return f(object)
	})
}

// sample is the first and the last of a list.
func sample(objects []string) []string {
	if len(objects) < 2 {
		return objects
	}
	return []string{objects[0], objects[len(objects)-1]}
}

// restore makes the store one without damage. The files are those of the whole
// one, so that they must not be changed, only replaced.
func (s *scene) restore(t *testing.T) {
	t.Helper()
	err := os.RemoveAll(s.store)
	if err == nil {
		err = walkObjects(s.whole, func(object string) error {
			if err := os.MkdirAll(filepath.Dir(s.file(object)), 0o700); err != nil {
				return err
			}
			return os.Link(filepath.Join(s.whole, object), s.file(object))
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *scene) file(object string) string { return filepath.Join(s.store, object) }

func (s *scene) write(object string, text []byte) error {
	if err := os.Remove(s.file(object)); err != nil {
		return err
	}
	return os.WriteFile(s.file(object), text, 0o600)
}

// neighbour is the object before one, of the same kind; behind the first one.
func (s *scene) neighbour(object string) (string, error) {
	for _, objects := range s.kinds {
		i := slices.Index(objects, object)
		switch {
		case i > 0:
			return objects[i-1], nil
		case i == 0 && len(objects) > 1:
			return objects[1], nil
		}
	}
	return "", errNone
}
