package conformance

import (
	"os"
	"path/filepath"
	"testing"
)

// TestStoreRolledBack brings an older copy of the whole store back under the
// cache of a newer one, as after the loss of a disk, and then the newer one
// again. What is read is what that store holds, and never a mixture.
func TestStoreRolledBack(t *testing.T) {
	t.Parallel()
	g := newGateway(t, false)
	r := newReference(t, g.endpoint, "rolled")
	older := fill(t, r, "v1/", 0, 3000, 90_000, 1<<20)
	before := state(t, g, r.bucket)
	g.stop(t)
	copyOf := func(name string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.CopyFS(path, os.DirFS(g.store())); err != nil {
			t.Fatal(err)
		}
		return path
	}
	first := copyOf("first")

	// The cache comes to know other bytes under the same names, and a fold.
	g.start(t)
	fill(t, r, "v2/", 100, 70_000, 1<<20)
	for key := range older {
		if err := r.put(t.Context(), key, []byte("other bytes of "+key)); err != nil {
			t.Fatal(err)
		}
	}
	foldNow(t, g, r, 1)
	fill(t, r, "v3/", 200, 80_000)
	after := state(t, g, r.bucket)
	g.stop(t)
	second := copyOf("second")

	for _, turn := range []struct {
		name, store string
		want        map[string]digest
	}{{"the older", first, before}, {"the newer", second, after}, {"the older again", first, before}} {
		replaceStore(t, g, turn.store)
		g.start(t)
		if err := differ(state(t, g, r.bucket), turn.want); err != nil {
			t.Errorf("%s store under the cache of another: %v", turn.name, err)
		}
		// What is written next lies on what is there, not on what the cache
		// remembers.
		written := fill(t, r, "v4/", 90_000, 1<<20, 300)
		for key, sum := range written {
			if err := r.expect(t.Context(), key, sum); err != nil {
				t.Errorf("after %s store came: %v", turn.name, err)
			}
		}
		g.stop(t)
	}
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
		found, err := filepath.Glob(filepath.Join(g.store(), "datasets/*/checkpoints/*"))
		return err == nil && len(found) >= n
	})
}

// state is the digest of every object of a bucket.
func state(t *testing.T, g *gateway, bucket string) map[string]digest {
	t.Helper()
	r := &reference{bucket: bucket}
	r.core.Client = newMinio(t, g.endpoint)
	all, err := r.tree(t.Context(), func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// replaceStore gives a stopped gateway a copy of another store, and leaves its
// cache.
func replaceStore(t *testing.T, g *gateway, with string) {
	t.Helper()
	if err := os.RemoveAll(g.store()); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(g.store(), os.DirFS(with)); err != nil {
		t.Fatal(err)
	}
}
