package conformance

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"aetherfs/internal/store"
	"aetherfs/internal/store/dirstore"
	"aetherfs/internal/store/versitytest"
)

// A shelf holds the objects of a store that is to be damaged. What is done to
// them by it no gateway would do.
type shelf interface {
	// env has a gateway store there.
	env() []string
	// open opens it as a gateway does, until shut.
	open(t *testing.T) (st store.Store, shut func())

	objects(t *testing.T) []string // their names, in order
	read(t *testing.T, object string) []byte
	write(t *testing.T, object string, data []byte)
	remove(t *testing.T, object string)
}

// onDisk is a folder store.
type onDisk struct{ dir string }

func newFolder(t *testing.T) shelf { return onDisk{filepath.Join(t.TempDir(), "store")} }

func (d onDisk) env() []string { return []string{"AETHERFS_STORE=" + d.dir} }

func (d onDisk) open(t *testing.T) (store.Store, func()) {
	t.Helper()
	st, err := dirstore.Open(d.dir, dirstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return st, func() {
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// objects leaves out what begins with _: those names are the folder's own.
func (d onDisk) objects(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(d.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(d.dir, path)
		if err == nil && !strings.HasPrefix(name, "_") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func (d onDisk) file(object string) string { return filepath.Join(d.dir, object) }

func (d onDisk) read(t *testing.T, object string) []byte {
	t.Helper()
	data, err := os.ReadFile(d.file(object))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (d onDisk) write(t *testing.T, object string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(d.file(object)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(d.file(object), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (d onDisk) remove(t *testing.T, object string) {
	t.Helper()
	if err := os.Remove(d.file(object)); err != nil {
		t.Fatal(err)
	}
}

// inBucket is a bucket of a real S3 server, and the settings of a gateway on it.
type inBucket struct {
	at       bucket
	st       store.Store
	settings []string
}

func newBucket(t *testing.T, settings ...string) shelf {
	t.Helper()
	server := versitytest.Start(t)
	return inBucket{bucket{server.StoreURL("store"), versitytest.AccessKey, versitytest.SecretKey}, server.Store(t, "store"), settings}
}

func (b inBucket) env() []string { return append(b.at.variables(), b.settings...) }

func (b inBucket) open(*testing.T) (store.Store, func()) { return b.st, func() {} }

func (b inBucket) objects(t *testing.T) []string {
	t.Helper()
	var names []string
	for info, err := range b.st.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, info.Key)
	}
	return names
}

func (b inBucket) read(t *testing.T, object string) []byte {
	t.Helper()
	data, _, err := b.st.Get(t.Context(), object, store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (b inBucket) write(t *testing.T, object string, data []byte) {
	t.Helper()
	if _, err := b.st.Put(t.Context(), object, data, store.Cond{}); err != nil {
		t.Fatal(err)
	}
}

func (b inBucket) remove(t *testing.T, object string) {
	t.Helper()
	if err := b.st.Delete(t.Context(), object); err != nil {
		t.Fatal(err)
	}
}
