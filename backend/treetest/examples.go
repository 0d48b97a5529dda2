package treetest

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"aetherfs/backend"
)

func testDatasets(t *testing.T, newTree Maker) {
	tree, reopen := newTree(t)
	ctx := t.Context()
	for _, name := range []string{"", "ab", strings.Repeat("a", 64), "Upper", "under_score", "-lead", "trail-", "two..dots", "192.168.5.4", "xn--x", "api", "webdav", "é23"} {
		if err := tree.CreateDataset(ctx, name); !errors.Is(err, backend.ErrInvalidName) {
			t.Errorf("CreateDataset(%q) = %v, want ErrInvalidName", name, err)
		}
	}
	for _, name := range []string{"b-2", "abc", "a.b.c", strings.Repeat("a", 63)} {
		if err := tree.CreateDataset(ctx, name); err != nil {
			t.Errorf("CreateDataset(%q) = %v", name, err)
		}
	}
	if err := tree.CreateDataset(ctx, "abc"); !errors.Is(err, backend.ErrExists) {
		t.Errorf("CreateDataset again = %v, want ErrExists", err)
	}
	tree = reopen()
	var names []string
	for d, err := range tree.Datasets(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, d.Name)
	}
	if want := []string{"a.b.c", strings.Repeat("a", 63), "abc", "b-2"}; !reflect.DeepEqual(names, want) {
		t.Errorf("Datasets = %q, want %q", names, want)
	}
	if err := tree.RemoveDataset(ctx, "none"); !errors.Is(err, backend.ErrNoDataset) {
		t.Errorf("remove an absent dataset = %v", err)
	}
	testRemoveDataset(t, tree)
}

func testRemoveDataset(t *testing.T, tree backend.Tree) {
	ctx := t.Context()
	if err := tree.CreateDataset(ctx, dataset); err != nil {
		t.Fatal(err)
	}
	if _, err := put(t, tree, "v1/a", []byte("x"), backend.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := tree.RemoveDataset(ctx, dataset); !errors.Is(err, backend.ErrNotEmpty) {
		t.Errorf("remove a dataset in use = %v, want ErrNotEmpty", err)
	}
	f, err := tree.Open(ctx, path("v1/a"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.CreateUpload(ctx, path("v1/b"), backend.UploadOptions{}); err != nil {
		t.Fatal(err)
	}
	tx, err := tree.Begin(ctx, dataset)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	commit(t, tree, func(tx backend.Tx) error { return tx.Remove(ctx, path("v1/a"), backend.Cond{}) })
	if err := tree.RemoveDataset(ctx, dataset); err != nil {
		t.Fatal(err)
	}
	if got := fileContent(t, f); got != "x" {
		t.Errorf("file opened before reads %q", got)
	}
	if err := tx.Put(ctx, path("v1/late"), strings.NewReader("y"), backend.PutOptions{}); err == nil {
		_, err = tx.Commit(ctx)
		if !errors.Is(err, backend.ErrNoDataset) {
			t.Errorf("commit to a removed dataset = %v, want ErrNoDataset", err)
		}
	}
	if _, err := tree.Stat(ctx, path("v1/a")); !errors.Is(err, backend.ErrNoDataset) {
		t.Errorf("Stat in a removed dataset = %v", err)
	}
	if err := tree.CreateDataset(ctx, dataset); err != nil {
		t.Fatal(err)
	}
	for i, err := range tree.List(ctx, dataset, backend.Query{}) {
		t.Errorf("made again, it lists %+v, %v", i, err)
	}
}

func testConditions(t *testing.T, newTree Maker) {
	day := time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
	for _, c := range []struct {
		cond backend.ReadCond
		want error
	}{
		{backend.ReadCond{}, nil},
		{backend.ReadCond{IfMatch: []string{"e"}}, nil},
		{backend.ReadCond{IfMatch: []string{"x", "*"}}, nil},
		{backend.ReadCond{IfMatch: []string{"x"}}, backend.ErrPrecondition},
		{backend.ReadCond{IfMatch: []string{"e"}, IfUnmodifiedSince: day.Add(-time.Hour)}, nil},
		{backend.ReadCond{IfUnmodifiedSince: day.Add(-time.Hour)}, backend.ErrPrecondition},
		{backend.ReadCond{IfUnmodifiedSince: day.Truncate(time.Second)}, nil},
		{backend.ReadCond{IfNoneMatch: []string{"e"}}, backend.ErrNotModified},
		{backend.ReadCond{IfNoneMatch: []string{"x"}, IfModifiedSince: day.Add(time.Hour)}, nil},
		{backend.ReadCond{IfModifiedSince: day.Truncate(time.Second)}, backend.ErrNotModified},
		{backend.ReadCond{IfModifiedSince: day.Add(-time.Second)}, nil},
		{backend.ReadCond{IfMatch: []string{"e"}, IfNoneMatch: []string{"e"}}, backend.ErrNotModified},
	} {
		if err := c.cond.Check("e", day); !errors.Is(err, c.want) {
			t.Errorf("%+v = %v, want %v", c.cond, err, c.want)
		}
	}
	tree, _ := made(t, newTree)
	if _, err := put(t, tree, "k", []byte("1"), backend.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key  string
		cond backend.Cond
		want error
	}{
		{"k", backend.Cond{IfMatch: []string{"other"}}, backend.ErrPrecondition},
		{"none", backend.Cond{IfMatch: []string{"*"}}, backend.ErrNotFound},
		{"none", backend.Cond{}, nil},
		{"k", backend.Cond{IfMatch: []string{etag([]byte("1"))}}, nil},
	} {
		tx, err := tree.Begin(t.Context(), dataset)
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Remove(t.Context(), path(c.key), c.cond); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Commit(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("remove %s if %+v = %v, want %v", c.key, c.cond, err, c.want)
		}
		tx.Close()
	}
}

func testTransactions(t *testing.T, newTree Maker) {
	tree, reopen := made(t, newTree)
	ctx := t.Context()
	tx, err := tree.Begin(ctx, dataset)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := tx.Put(ctx, path(fmt.Sprintf("v1/%d", i)), strings.NewReader(strings.Repeat("x", i*1000)), backend.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Put(ctx, path("v2/only-if-absent"), strings.NewReader("y"), backend.PutOptions{Cond: backend.Cond{IfMatch: []string{"*"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(ctx); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("commit = %v, want ErrNotFound", err)
	}
	tx.Close()
	for i, err := range tree.List(ctx, dataset, backend.Query{}) {
		t.Errorf("a transaction that failed left %+v, %v", i, err)
	}
	other := path("k")
	other.Dataset = "other"
	tx, err = tree.Begin(ctx, dataset)
	if err != nil {
		t.Fatal(err)
	}
	if err := tx.Put(ctx, other, strings.NewReader(""), backend.PutOptions{}); !errors.Is(err, backend.ErrInvalidKey) {
		t.Errorf("put into another dataset = %v", err)
	}
	tx.Close()

	attr := backend.Attr{ContentType: "text/plain", Meta: []backend.KV{{Name: "k", Value: "v"}}}
	_, err = put(t, tree, "v1/attr", []byte("z"), backend.PutOptions{Attr: attr, AtEOF: func(a *backend.Attr) error {
		a.Checksums = []backend.Checksum{{Algorithm: 1, Value: []byte{1, 2, 3, 4}}}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	refused := errors.New("checksum differs")
	_, err = put(t, tree, "v1/refused", []byte("z"), backend.PutOptions{AtEOF: func(*backend.Attr) error { return refused }})
	if !errors.Is(err, refused) {
		t.Errorf("put = %v, want the error of AtEOF", err)
	}
	attr.Checksums = []backend.Checksum{{Algorithm: 1, Value: []byte{1, 2, 3, 4}}}
	if i, err := reopen().Stat(ctx, path("v1/attr")); err != nil || !reflect.DeepEqual(i.Attr, attr) {
		t.Errorf("Stat = %+v, %v, want %+v", i.Attr, err, attr)
	}
}

func testCopies(t *testing.T, newTree Maker) {
	tree, reopen := made(t, newTree)
	ctx := t.Context()
	if err := tree.CreateDataset(ctx, "second"); err != nil {
		t.Fatal(err)
	}
	big := bytes.Repeat([]byte("0123456789abcdef"), 40_000)
	for i := range big {
		big[i] ^= byte(i * i >> 8)
	}
	attr := backend.Attr{ContentType: "a/b", Tags: []backend.KV{{Name: "t", Value: "1"}}}
	for key, data := range map[string][]byte{"v1/small": []byte("small"), "v1/big": big} {
		if _, err := put(t, tree, key, data, backend.PutOptions{Attr: attr}); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"v1/small", "v1/big"} {
		for _, to := range []string{dataset, "second"} {
			dst, err := backend.ParsePath(to, "copy/"+key)
			if err != nil {
				t.Fatal(err)
			}
			tx, err := tree.Begin(ctx, to)
			if err != nil {
				t.Fatal(err)
			}
			o := backend.CopyOptions{Attr: &backend.Attr{ContentType: "c/d"}, Source: backend.ReadCond{IfMatch: []string{"wrong"}}}
			if err := tx.Copy(ctx, dst, path(key), o); !errors.Is(err, backend.ErrPrecondition) {
				t.Errorf("copy of another ETag = %v", err)
			}
			o.Source, o.SourceID = backend.ReadCond{}, "wrong"
			if err := tx.Copy(ctx, dst, path(key), o); !errors.Is(err, backend.ErrPrecondition) {
				t.Errorf("copy of another version = %v", err)
			}
			o.SourceID = ""
			if err := tx.Copy(ctx, dst, path(key), o); err != nil {
				t.Fatal(err)
			}
			infos, err := tx.Commit(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if a := infos[0].Attr; a.ContentType != "c/d" || !reflect.DeepEqual(a.Tags, attr.Tags) {
				t.Errorf("copy of %s has %+v", key, a)
			}
			tx.Close()
		}
	}
	// A copy is none of its source's: that may go.
	commit(t, tree, func(tx backend.Tx) error {
		return errors.Join(tx.Remove(ctx, path("v1/small"), backend.Cond{}), tx.Remove(ctx, path("v1/big"), backend.Cond{}))
	})
	tree = reopen()
	for _, to := range []string{dataset, "second"} {
		for key, want := range map[string]string{"copy/v1/small": "small", "copy/v1/big": string(big)} {
			p, _ := backend.ParsePath(to, key)
			f, err := tree.Open(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			if got := fileContent(t, f); got != want {
				t.Errorf("%s has %d bytes, want %d", p, len(got), len(want))
			}
		}
	}
	before, err := tree.Stat(ctx, path("copy/v1/big"))
	if err != nil {
		t.Fatal(err)
	}
	tags := []backend.KV{{Name: "new", Value: "2"}}
	after := commit(t, tree, func(tx backend.Tx) error {
		return tx.Copy(ctx, path("copy/v1/big"), path("copy/v1/big"), backend.CopyOptions{Tags: &tags})
	})[0]
	if !after.Modified.Equal(before.Modified) || after.ETag != before.ETag || !reflect.DeepEqual(after.Attr.Tags, tags) || after.Attr.ContentType != "c/d" {
		t.Errorf("tagging changed %+v to %+v", before, after)
	}
}
