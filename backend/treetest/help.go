package treetest

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"aetherfs/backend"
)

// tester is what *testing.T and *rapid.T have in common.
type tester interface {
	Context() context.Context
	Fatal(...any)
	Fatalf(string, ...any)
	Helper()
}

func put(t tester, tree backend.Tree, key string, data []byte, o backend.PutOptions) (backend.Info, error) {
	t.Helper()
	return putFrom(t, tree, key, bytes.NewReader(data), o)
}

func putFrom(t tester, tree backend.Tree, key string, body io.Reader, o backend.PutOptions) (backend.Info, error) {
	t.Helper()
	tx, err := tree.Begin(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	if err := tx.Put(t.Context(), path(key), body, o); err != nil {
		return backend.Info{}, err
	}
	infos, err := tx.Commit(t.Context())
	if err != nil {
		return backend.Info{}, err
	}
	return infos[0], nil
}

// commit runs a transaction that has to succeed.
func commit(t tester, tree backend.Tree, fill func(backend.Tx) error) []backend.Info {
	t.Helper()
	tx, err := tree.Begin(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	if err := fill(tx); err != nil {
		t.Fatal(err)
	}
	infos, err := tx.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return infos
}

// made returns a tree with an empty dataset.
func made(t testing.TB, newTree Maker) (backend.Tree, func() backend.Tree) {
	t.Helper()
	tree, reopen := newTree(t)
	if err := tree.CreateDataset(t.Context(), dataset); err != nil {
		t.Fatal(err)
	}
	return tree, reopen
}

func content(t tester, tree backend.Tree, key string) string {
	t.Helper()
	f, err := tree.Open(t.Context(), path(key))
	if err != nil {
		t.Fatalf("open %q: %v", key, err)
	}
	return fileContent(t, f)
}

func fileContent(t tester, f *backend.File) string {
	t.Helper()
	body := f.Stream(0, f.Info.Size)
	defer body.Close()
	var b strings.Builder
	if n, err := io.Copy(&b, body); err != nil || n != int64(b.Len()) { // by WriteTo
		t.Fatalf("read %s: %d bytes, %d of them written, %v", f.Info.Path, n, b.Len(), err)
	}
	return b.String()
}
