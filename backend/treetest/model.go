package treetest

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"aetherfs/backend"
)

const dataset = "model"

// someKeys sort, nest and parse in unlike ways.
var someKeys = []string{
	"a", "a-", "a.b", "a/", "a/b", "a/b/c", "a//b", "a-b/x", "a0", "/", "/a", "//", "b/x", "b/é", "b/x y+z%20#?", "v1", "v1/", "v1-rc/x", "v1/x", "v1/x/y",
	"\x01/ctl", "b/..", "b/../x", "b/./y", "z/\U0010ffff",
}

var (
	somePrefixes   = []string{"", "a", "a/", "a/b", "b/", "v1", "/", "zz"}
	someDelimiters = []string{"", "/", "-", "b/", "é"}
)

// machine is a tree beside the plainest model of it: what each key holds.
type machine struct {
	tree   backend.Tree
	reopen func() backend.Tree
	model  map[string][]byte
	corpus []byte
}

// testModel: random operations give what a map gives, also after reopening.
func testModel(t *testing.T, newTree Maker) {
	corpus := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(corpus)
	rapid.Check(t, func(rt *rapid.T) {
		tree, reopen := newTree(t)
		m := &machine{tree: tree, reopen: reopen, model: map[string][]byte{}, corpus: corpus}
		if err := tree.CreateDataset(rt.Context(), dataset); err != nil {
			rt.Fatal(err)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"put":      m.put,
			"cut":      m.cut,
			"remove":   m.remove,
			"copy":     m.copy,
			"rename":   m.rename,
			"swap":     m.swap,
			"replace":  m.replaceTag,
			"read":     m.read,
			"list":     m.list,
			"view":     m.view,
			"complete": m.complete,
			"restart":  func(*rapid.T) { m.tree = m.reopen() },
			"":         m.count,
		})
	})
}

// data draws bytes that often share runs with what was drawn before.
func (m *machine) data(t *rapid.T) []byte {
	size := rapid.SampledFrom([]int{0, 1, 100, 5_000, 60_000, 200_000, 400_000}).Draw(t, "size")
	off := rapid.IntRange(0, 8).Draw(t, "off") * 65_536
	b := slices.Clone(m.corpus[off:min(off+size, len(m.corpus))])
	if len(b) > 0 && rapid.Bool().Draw(t, "edit") {
		b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] ^= 0x55
	}
	return b
}

func (m *machine) key(t *rapid.T) string { return rapid.SampledFrom(someKeys).Draw(t, "key") }

// held draws a key that often holds something.
func (m *machine) held(t *rapid.T) string {
	if keys := slices.Sorted(maps.Keys(m.model)); len(keys) > 0 && rapid.IntRange(0, 3).Draw(t, "held") > 0 {
		return rapid.SampledFrom(keys).Draw(t, "key")
	}
	return m.key(t)
}

func path(key string) backend.Path {
	p, err := backend.ParsePath(dataset, key)
	if err != nil {
		panic(err)
	}
	return p
}

func etag(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

func (m *machine) put(t *rapid.T) {
	key, data := m.key(t), m.data(t)
	cond, want := backend.Cond{}, error(nil)
	old, there := m.model[key]
	switch rapid.SampledFrom([]string{"none", "none", "absent", "match", "wrong"}).Draw(t, "condition") {
	case "absent":
		cond.IfNoneMatch = []string{"*"}
		if there {
			want = backend.ErrPrecondition
		}
	case "match":
		cond.IfMatch = []string{etag(old)}
		if !there {
			want = backend.ErrNotFound
		}
	case "wrong":
		cond.IfMatch = []string{"none"}
		want = backend.ErrPrecondition
		if !there {
			want = backend.ErrNotFound
		}
	}
	i, err := put(t, m.tree, key, data, backend.PutOptions{Cond: cond})
	if !errors.Is(err, want) {
		t.Fatalf("put %q if %+v = %v, want %v", key, cond, err, want)
	}
	if want != nil {
		return
	}
	if i.ETag != etag(data) || i.Size != int64(len(data)) {
		t.Fatalf("put %q of %d bytes gives %+v, want ETag %s", key, len(data), i, etag(data))
	}
	m.model[key] = data
}

// cut is a put whose body breaks off: nothing happens.
func (m *machine) cut(t *rapid.T) {
	broken := errors.New("body broke off")
	body := io.MultiReader(bytes.NewReader(m.data(t)), readerFunc(func([]byte) (int, error) { return 0, broken }))
	if _, err := putFrom(t, m.tree, m.key(t), body, backend.PutOptions{}); !errors.Is(err, broken) {
		t.Fatalf("put of a broken body = %v, want its error", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func (m *machine) remove(t *rapid.T) {
	key := m.held(t)
	commit(t, m.tree, func(tx backend.Tx) error { return tx.Remove(t.Context(), path(key), backend.Cond{}) })
	delete(m.model, key)
}

func (m *machine) copy(t *rapid.T) {
	from, to := m.held(t), m.key(t)
	tx, err := m.tree.Begin(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	data, there := m.model[from]
	err = tx.Copy(t.Context(), path(to), path(from), backend.CopyOptions{Touch: true})
	if !there {
		if !errors.Is(err, backend.ErrNotFound) {
			t.Fatalf("copy of the absent %q = %v", from, err)
		}
		return
	}
	if err == nil {
		_, err = tx.Commit(t.Context())
	}
	if err != nil {
		t.Fatalf("copy %q to %q: %v", from, to, err)
	}
	m.model[to] = data
}

func (m *machine) rename(t *rapid.T) {
	from, to := m.held(t), m.key(t)
	data, there := m.model[from]
	if !there || from == to {
		return
	}
	commit(t, m.tree, func(tx backend.Tx) error {
		return errors.Join(
			tx.Copy(t.Context(), path(to), path(from), backend.CopyOptions{}),
			tx.Remove(t.Context(), path(from), backend.Cond{}))
	})
	delete(m.model, from)
	m.model[to] = data
}

// swap makes two keys change places.
func (m *machine) swap(t *rapid.T) {
	a, b := m.held(t), m.held(t)
	ofA, hasA := m.model[a]
	ofB, hasB := m.model[b]
	if !hasA || !hasB || a == b {
		return
	}
	commit(t, m.tree, func(tx backend.Tx) error {
		return errors.Join(
			tx.Copy(t.Context(), path(a), path(b), backend.CopyOptions{}),
			tx.Copy(t.Context(), path(b), path(a), backend.CopyOptions{}))
	})
	m.model[a], m.model[b] = ofB, ofA
}

// replaceTag replaces all of a tag in one transaction.
func (m *machine) replaceTag(t *rapid.T) {
	data := m.data(t)
	next := maps.Clone(m.model)
	commit(t, m.tree, func(tx backend.Tx) error {
		for _, key := range slices.Sorted(maps.Keys(m.model)) {
			if strings.HasPrefix(key, "v1/") {
				delete(next, key)
				if err := tx.Remove(t.Context(), path(key), backend.Cond{}); err != nil {
					return err
				}
			}
		}
		for i := range rapid.IntRange(1, 4).Draw(t, "files") {
			key := fmt.Sprintf("v1/%d", i)
			next[key] = append(slices.Clone(data), byte(i))
			if err := tx.Put(t.Context(), path(key), bytes.NewReader(next[key]), backend.PutOptions{}); err != nil {
				return err
			}
		}
		return nil
	})
	m.model = next
}

func (m *machine) complete(t *rapid.T) {
	key, data := m.key(t), m.data(t)
	ctx := t.Context()
	id, err := m.tree.CreateUpload(ctx, path(key), backend.UploadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if rapid.Bool().Draw(t, "restart") {
		m.tree = m.reopen()
	}
	part, err := m.tree.PutPart(ctx, path(key), id, 3, bytes.NewReader(data), backend.PutOptions{})
	if err != nil || part.ETag != etag(data) {
		t.Fatalf("put part: %+v, %v", part, err)
	}
	if rapid.IntRange(0, 2).Draw(t, "abort") == 0 {
		if err := m.tree.Abort(ctx, path(key), id); err != nil {
			t.Fatal(err)
		}
		return
	}
	i, err := m.tree.Complete(ctx, path(key), id, []backend.CompletePart{{Number: 3, ETag: part.ETag}}, backend.CompleteOptions{})
	if err != nil || i.Size != int64(len(data)) || !strings.HasSuffix(i.ETag, "-1") {
		t.Fatalf("complete: %+v, %v", i, err)
	}
	// From here on the key's ETag is no MD5; a copy of the same bytes over it
	// keeps the model as plain as it is.
	if _, err := put(t, m.tree, key, data, backend.PutOptions{Cond: backend.Cond{IfMatch: []string{i.ETag}}}); err != nil {
		t.Fatal(err)
	}
	m.model[key] = data
}

func (m *machine) read(t *rapid.T) {
	key := m.held(t)
	want, there := m.model[key]
	f, err := m.tree.Open(t.Context(), path(key))
	if !there {
		if !errors.Is(err, backend.ErrNotFound) {
			t.Fatalf("open the absent %q = %v", key, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if f.Info.Size != int64(len(want)) || f.Info.ETag != etag(want) {
		t.Fatalf("%q is %+v, want %d bytes, ETag %s", key, f.Info, len(want), etag(want))
	}
	off := rapid.IntRange(0, len(want)).Draw(t, "off")
	n := rapid.IntRange(0, len(want)-off).Draw(t, "n")
	body := f.Stream(int64(off), int64(n))
	got, err := io.ReadAll(body)
	if cerr := body.Close(); err != nil || cerr != nil || !bytes.Equal(got, want[off:off+n]) {
		t.Fatalf("%q from %d: %d bytes, %v, %v; want %d", key, off, len(got), err, cerr, n)
	}
	p := make([]byte, n)
	if got, err := f.ReadAt(p, int64(off)); got != n || err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(p, want[off:off+n]) {
		t.Fatalf("%q at %d: %d bytes, %v; want %d", key, off, got, err, n)
	}
}

// list compares a listing with that of the sorted keys.
func (m *machine) list(t *rapid.T) {
	q := backend.Query{
		Prefix:    rapid.SampledFrom(somePrefixes).Draw(t, "prefix"),
		Delimiter: rapid.SampledFrom(someDelimiters).Draw(t, "delimiter"),
		After:     rapid.SampledFrom(append(someKeys, "", "a/b/", "zzz")).Draw(t, "after"),
	}
	var want []string
	for _, key := range slices.Sorted(maps.Keys(m.model)) {
		rest, ok := strings.CutPrefix(key, q.Prefix)
		if !ok {
			continue
		}
		if before, _, ok := strings.Cut(rest, q.Delimiter); ok && q.Delimiter != "" {
			key = "prefix " + q.Prefix + before + q.Delimiter
		}
		if strings.TrimPrefix(key, "prefix ") > q.After && !slices.Contains(want, key) {
			want = append(want, key)
		}
	}
	var got []string
	for i, err := range m.tree.List(t.Context(), dataset, q) {
		if err != nil {
			t.Fatal(err)
		}
		if i.Prefix != "" {
			got = append(got, "prefix "+i.Prefix)
		} else {
			got = append(got, i.Path.Key())
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("List(%+v) = %q, want %q", q, got, want)
	}
}

// count is the invariant after every step: the keys are those of the model.
func (m *machine) count(t *rapid.T) {
	n := 0
	for _, err := range m.tree.List(t.Context(), dataset, backend.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != len(m.model) {
		t.Fatalf("%d keys, want %d", n, len(m.model))
	}
}
