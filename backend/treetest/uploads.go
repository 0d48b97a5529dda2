package treetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"

	"aetherfs/backend"
)

// noise is n bytes that do not compress, the same each time.
func noise(n int) []byte {
	b := make([]byte, n)
	x := uint32(2463534242)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}

func testUploads(t *testing.T, newTree Maker) {
	tree, reopen := made(t, newTree)
	ctx := t.Context()
	data := noise(12 << 20)
	p := path("v1/film")
	id, err := tree.CreateUpload(ctx, p, backend.UploadOptions{Attr: backend.Attr{ContentType: "video/x"}})
	if err != nil {
		t.Fatal(err)
	}
	source, err := put(t, tree, "v1/source", data, backend.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	parts := []backend.CompletePart{}
	for number, cut := range map[int][2]int{2: {5 << 20, 11 << 20}, 1: {0, 5 << 20}} {
		part, err := tree.PutPart(ctx, p, id, number, bytes.NewReader(data[cut[0]:cut[1]]), backend.PutOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if number == 2 {
			parts = append(parts, backend.CompletePart{Number: 2, ETag: part.ETag})
		} else {
			parts = append([]backend.CompletePart{{Number: 1, ETag: part.ETag}}, parts...)
		}
	}
	tree = reopen()
	last, err := tree.CopyPart(ctx, p, id, 9, path("v1/source"), 11<<20, -1, backend.ReadCond{IfMatch: []string{source.ETag}})
	if err != nil || last.Size != 1<<20 {
		t.Fatalf("copy part: %+v, %v", last, err)
	}
	for name, c := range map[string]struct {
		off, n int64
		want   error
	}{
		"beyond the end":  {11 << 20, 1<<20 + 1, backend.ErrRange},
		"from beyond":     {13 << 20, -1, backend.ErrRange},
		"negative offset": {-1, 5, backend.ErrRange},
	} {
		if _, err := tree.CopyPart(ctx, p, id, 10, path("v1/source"), c.off, c.n, backend.ReadCond{}); !errors.Is(err, c.want) {
			t.Errorf("copy part %s = %v, want %v", name, err, c.want)
		}
	}
	parts = append(parts, backend.CompletePart{Number: 9, ETag: last.ETag})
	var numbers []int
	for part, err := range tree.Parts(ctx, p, id, 1) {
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, part.Number)
	}
	if len(numbers) != 2 || numbers[0] != 2 || numbers[1] != 9 {
		t.Errorf("parts after 1: %v", numbers)
	}
	for name, c := range map[string]struct {
		parts []backend.CompletePart
		o     backend.CompleteOptions
		want  error
	}{
		"none":         {nil, backend.CompleteOptions{}, backend.ErrInvalidPart},
		"wrong order":  {[]backend.CompletePart{parts[1], parts[0]}, backend.CompleteOptions{}, backend.ErrPartOrder},
		"twice":        {[]backend.CompletePart{parts[0], parts[0]}, backend.CompleteOptions{}, backend.ErrPartOrder},
		"unknown part": {[]backend.CompletePart{parts[0], {Number: 5, ETag: parts[0].ETag}}, backend.CompleteOptions{}, backend.ErrInvalidPart},
		"other ETag":   {[]backend.CompletePart{{Number: 1, ETag: parts[1].ETag}}, backend.CompleteOptions{}, backend.ErrInvalidPart},
		"small part":   {append(parts[2:3:3], backend.CompletePart{Number: 10, ETag: "x"}), backend.CompleteOptions{}, backend.ErrInvalidPart},
		"wrong size":   {parts, backend.CompleteOptions{Size: 1, HasSize: true}, backend.ErrBadDigest},
		"if there":     {parts, backend.CompleteOptions{Cond: backend.Cond{IfMatch: []string{"*"}}}, backend.ErrNotFound},
	} {
		if _, err := tree.Complete(ctx, p, id, c.parts, c.o); !errors.Is(err, c.want) {
			t.Errorf("complete %s = %v, want %v", name, err, c.want)
		}
	}
	i, err := tree.Complete(ctx, p, id, parts, backend.CompleteOptions{Size: int64(len(data)), HasSize: true})
	if err != nil || i.Size != int64(len(data)) || len(i.Parts) != 3 || i.Attr.ContentType != "video/x" {
		t.Fatalf("complete: %+v, %v", i, err)
	}
	again, err := tree.Complete(ctx, p, id, parts, backend.CompleteOptions{})
	if err != nil || again.ID != i.ID {
		t.Errorf("complete again: %+v, %v, want what it gave first", again, err)
	}
	if content(t, tree, "v1/film") != string(data) {
		t.Error("the file is not its parts")
	}
	f, err := reopen().Open(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 2<<20)
	if _, err := f.ReadAt(got, 10<<20); err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(got, data[10<<20:]) {
		t.Errorf("bytes across the last two parts differ: %v", err)
	}
	testListUploads(t, reopen())
}

// testCopiedParts: a part copied from whichever dataset has the checksum that
// its upload asked for, and the upload completes.
func testCopiedParts(t *testing.T, newTree Maker) {
	tree, _ := made(t, newTree)
	ctx := t.Context()
	data := noise(100_000)
	if _, err := put(t, tree, "v1/source", data, backend.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := tree.CreateDataset(ctx, "second"); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{dataset, "second"} {
		p, err := backend.ParsePath(to, "v1/copy")
		if err != nil {
			t.Fatal(err)
		}
		const algorithm = backend.Algorithm(5) // SHA-256
		id, err := tree.CreateUpload(ctx, p, backend.UploadOptions{Checksum: algorithm})
		if err != nil {
			t.Fatal(err)
		}
		part, err := tree.CopyPart(ctx, p, id, 1, path("v1/source"), 1000, 50_000, backend.ReadCond{})
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data[1000:51_000])
		if len(part.Checksums) != 1 || part.Checksums[0].Algorithm != algorithm || !bytes.Equal(part.Checksums[0].Value, sum[:]) {
			t.Errorf("part copied to %s has checksums %+v", to, part.Checksums)
		}
		parts := []backend.CompletePart{{Number: 1, ETag: part.ETag}}
		// Of clients that complete one upload at once all get the same answer.
		var all sync.WaitGroup
		infos := make([]backend.Info, 8)
		for i := range infos {
			all.Go(func() {
				var err error
				if infos[i], err = tree.Complete(ctx, p, id, parts, backend.CompleteOptions{}); err != nil {
					t.Errorf("complete in %s: %v", to, err)
				}
			})
		}
		all.Wait()
		for _, i := range infos {
			if i.ID != infos[0].ID || i.Size != 50_000 || len(i.Attr.Checksums) != 1 {
				t.Errorf("complete in %s gives %+v and %+v", to, i, infos[0])
			}
		}
	}
}

func testListUploads(t *testing.T, tree backend.Tree) {
	ctx := t.Context()
	ids := map[string][]string{}
	for _, key := range []string{"b", "a/1", "a/2", "a/2", "c/x"} {
		id, err := tree.CreateUpload(ctx, path(key), backend.UploadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ids[key] = append(ids[key], id)
	}
	two := ids["a/2"]
	if two[0] > two[1] {
		two[0], two[1] = two[1], two[0]
	}
	for name, c := range map[string]struct {
		q       backend.Query
		afterID string
		want    []string
	}{
		"all":             {backend.Query{}, "", []string{ids["a/1"][0], two[0], two[1], ids["b"][0], ids["c/x"][0]}},
		"rolled up":       {backend.Query{Delimiter: "/"}, "", []string{"a/", ids["b"][0], "c/"}},
		"after a key":     {backend.Query{After: "a/2"}, "", []string{ids["b"][0], ids["c/x"][0]}},
		"after an upload": {backend.Query{After: "a/2"}, two[0], []string{two[1], ids["b"][0], ids["c/x"][0]}},
		"with a prefix":   {backend.Query{Prefix: "a/"}, "", []string{ids["a/1"][0], two[0], two[1]}},
	} {
		var got []string
		for u, err := range tree.ListUploads(ctx, dataset, c.q, c.afterID) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, u.Prefix+u.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if err := tree.Abort(ctx, path("b"), ids["a/1"][0]); !errors.Is(err, backend.ErrNoUpload) {
		t.Errorf("abort another key's upload = %v", err)
	}
	if err := tree.Abort(ctx, path("b"), "no id"); !errors.Is(err, backend.ErrNoUpload) {
		t.Errorf("abort no id = %v", err)
	}
}
