package conformance

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
)

// A usage is what the embedded store holds.
type usage struct{ objects, bytes int64 }

func (u usage) since(before usage) usage {
	return usage{u.objects - before.objects, u.bytes - before.bytes}
}

// stored measures the embedded store. Files that come or go meanwhile may be
// counted or not.
func (g *gateway) stored(t *testing.T) usage {
	t.Helper()
	var u usage
	err := filepath.WalkDir(g.store(), func(_ string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		u.objects++
		u.bytes += info.Size()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// store is the folder of the embedded store.
func (g *gateway) store() string { return filepath.Join(g.data, "store") }
