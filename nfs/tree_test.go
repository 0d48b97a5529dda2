package nfs_test

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	gonfs "github.com/willscott/go-nfs"
	"pgregory.net/rapid"

	"aetherfs/backend"
	"aetherfs/nfs"
)

// shown is what a tree of files shows of keys, told without the tree.
func shown(keys map[string][]byte) map[string][]byte {
	files := map[string][]byte{}
	for key, content := range keys {
		isDir := func(other string) bool { return strings.HasPrefix(other, key+"/") }
		if backend.Shown(key) && !strings.HasSuffix(key, "/") && !slices.ContainsFunc(slices.Collect(maps.Keys(keys)), isDir) {
			files[key] = content
		}
	}
	return files
}

// Every file that the tree shows is found by listing, once, and by looking its
// name up, with its bytes; nothing else is.
func TestWalkIsTheTree(t *testing.T) {
	segment := rapid.SampledFrom([]string{"a", "b", "a.b", "a-", "é", "", ".", "..", "c\n", strings.Repeat("x", 255), strings.Repeat("x", 256), "z z"})
	rapid.Check(t, func(rt *rapid.T) {
		keys := map[string][]byte{}
		for range rapid.IntRange(0, 30).Draw(rt, "keys") {
			key := strings.Join(rapid.SliceOfN(segment, 1, 4).Draw(rt, "segments"), "/")
			if len(key) > 0 && len(key) <= backend.MaxKeyBytes {
				keys[key] = []byte("bytes of " + key)
			}
		}
		tree := newTree(t)
		change(t, tree, keys)
		s := serve(t, tree)
		defer s.stop()
		c := s.dial()
		limit := rapid.Uint32Range(700, 4000).Draw(rt, "limit")
		got := map[string][]byte{}
		c.walk(c.mount("/"+dataset), "", limit, func(name string, l line) {
			if got[name] != nil {
				rt.Errorf("%q is listed twice", name)
			}
			_, got[name] = c.readAll(l.handle, 7)
		})
		if want := shown(keys); !maps.EqualFunc(got, want, bytes.Equal) {
			rt.Fatalf("walk of %q yields %q, want %q", slices.Sorted(maps.Keys(keys)), got, want)
		}
		for name := range got {
			h := c.mount("/")
			for segment := range strings.SplitSeq(dataset+"/"+name, "/") {
				_, h, _ = c.lookup(h, segment)
			}
			if _, data := c.readAll(h, 1000); !bytes.Equal(data, got[name]) {
				rt.Errorf("%q, looked up, has %q, want %q", name, data, got[name])
			}
		}
	})
}

func TestReadAtEveryPlace(t *testing.T) {
	tree := newTree(t)
	content := make([]byte, 3<<20+17)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range content {
		content[i] = byte(rnd.Uint32())
	}
	change(t, tree, map[string][]byte{"v1/big": content, "v1/empty": {}})
	c := serve(t, tree).dial()
	tag := c.mount("/" + dataset + "/v1")
	_, big, a := c.lookup(tag, "big")
	if a.Filesize != uint64(len(content)) || a.FileMode != 0o444 || a.Type != gonfs.FileTypeRegular || a.Nlink != 1 {
		t.Errorf("big has attributes %+v", a)
	}
	for _, block := range []uint32{1 << 20, 100_000, 65_536} {
		if _, got := c.readAll(big, block); !bytes.Equal(got, content) {
			t.Errorf("read in blocks of %d yields %d other bytes", block, len(got))
		}
	}
	for range 200 {
		off, n := rnd.Uint64N(uint64(len(content)+100)), rnd.Uint32N(300_000)
		from := min(off, uint64(len(content)))
		want := content[from:min(from+uint64(n), uint64(len(content)))]
		status, got, eof := c.read(big, off, n)
		if status != gonfs.NFSStatusOk || !bytes.Equal(got, want) || eof != (from+uint64(len(want)) == uint64(len(content))) {
			t.Fatalf("read of %d bytes at %d: status %v, %d bytes, eof %v", n, off, status, len(got), eof)
		}
	}
	if status, got, eof := c.read(big, 1<<63+5, 10); status != gonfs.NFSStatusOk || len(got) > 0 || !eof {
		t.Errorf("read far behind the end: status %v, %d bytes, eof %v", status, len(got), eof)
	}
	_, empty, _ := c.lookup(tag, "empty")
	if status, got, eof := c.read(empty, 0, 10); status != gonfs.NFSStatusOk || len(got) > 0 || !eof {
		t.Errorf("read of an empty file: status %v, %d bytes, eof %v", status, len(got), eof)
	}
	if status, _, _ := c.read(tag, 0, 10); status != gonfs.NFSStatusIsDir {
		t.Errorf("read of a directory: %v", status)
	}
}

// However many are connected, the replies that they may leave untaken have
// their bound together, and files are read whole.
func TestRepliesOfManyClients(t *testing.T) {
	tree := newTree(t)
	content := bytes.Repeat([]byte("0123456789"), 200_000)
	change(t, tree, map[string][]byte{"v1/big": content})
	s := serve(t, tree)
	c := s.dial()
	_, big, _ := c.lookup(c.mount("/"+dataset+"/v1"), "big")
	if _, got, _ := c.read(big, 0, 1<<20); len(got) != 1<<20 {
		t.Errorf("one client gets %d bytes at a time, want 1 MiB", len(got))
	}
	const clients = 1000
	for i := range clients {
		s.dialFrom(byte(2+i/64)).call(nfsProgram, uint32(gonfs.NFSProcedureNull))
	}
	if _, got, _ := c.read(big, 0, 1<<20); len(got)*clients > 256<<20 || len(got)%4096 != 0 {
		t.Errorf("each of %d clients gets %d bytes at a time, want 256 MiB in all, in whole blocks", clients, len(got))
	}
	if _, got := c.readAll(big, 1<<20); !bytes.Equal(got, content) {
		t.Errorf("a file of %d bytes is read as %d others", len(content), len(got))
	}
}

// A client that wants no bytes of names gets one by one.
func TestPagesWithoutRoomForNames(t *testing.T) {
	c := serve(t, flat{n: 3}).dial()
	dir := c.mount("/" + dataset + "/v1")
	status, r := c.nfs(gonfs.NFSProcedureReadDirPlus, opaque(dir), u64(0), u64(0), u32(0), u32(4000))
	if r.some(); status != gonfs.NFSStatusOk {
		t.Fatal(status)
	}
	if r.u64(); !r.yes() {
		t.Error("a page without room for names is empty")
	}
}

// What is asked of the tree grows with what is told, not with what there is.
func TestWorkBelow(t *testing.T) {
	const n = 100_000
	tree := &counted{Reader: flat{n: n}}
	c := serve(t, tree).dial()
	dir := c.mount("/" + dataset + "/v1")
	all := c.list(dir, 32<<10)
	pages := tree.dirs.Load()
	if len(all) != n {
		t.Fatalf("%d entries are listed, want %d", len(all), n)
	}
	if got, most := tree.yielded.Load(), n+pages; got > most {
		t.Errorf("listing %d entries in %d pages took %d from the tree, want %d at most", n, pages, got, most)
	}
	if pages > n/100 {
		t.Errorf("a listing of %d entries has %d pages", n, pages)
	}
	tree.yielded.Store(0)
	tree.nodes.Store(0)
	for i := range 1000 {
		if status, _, _ := c.lookup(dir, all[i*97].name); status != gonfs.NFSStatusOk {
			t.Fatal(status)
		}
		if status, _ := c.getattr(all[i*97].handle); status != gonfs.NFSStatusOk {
			t.Fatal(status)
		}
	}
	if nodes, yielded := tree.nodes.Load(), tree.yielded.Load(); nodes != 2000 || yielded != 0 {
		t.Errorf("1000 lookups and 1000 attributes took %d nodes and %d entries of listings, want 2000 and 0", nodes, yielded)
	}
}

// flat is a tree of one directory with n files. Nothing else is asked of it.
type flat struct {
	backend.Reader
	n int
}

func (f flat) name(i int) string { return fmt.Sprintf("file-%08d", i) }

func (f flat) node(i int) backend.Node {
	p := backend.Path{Dataset: dataset, Tag: "v1", Name: f.name(i)}
	return backend.Node{Name: p.String(), Info: backend.Info{Path: p, ID: p.Name, Size: 5}}
}

func (f flat) Node(_ context.Context, name string) (backend.Node, error) {
	var i int
	if _, err := fmt.Sscanf(name, dataset+"/v1/file-%d", &i); err == nil && i < f.n {
		return f.node(i), nil
	}
	return backend.Node{Name: name, Dir: true}, nil
}

func (f flat) ReadDir(_ context.Context, _, after string) iter.Seq2[backend.Node, error] {
	first := 0
	if _, err := fmt.Sscanf(after, "file-%d", &first); err == nil {
		first++
	}
	return func(yield func(backend.Node, error) bool) {
		for i := first; i < f.n && yield(f.node(i), nil); i++ {
			continue
		}
	}
}

// A listing goes on where it was, whatever came and went meanwhile, and on
// another server, too.
func TestPagesOfADirectoryThatChanges(t *testing.T) {
	tree := newTree(t)
	files := map[string][]byte{}
	for i := range 100 {
		files[fmt.Sprintf("v1/%03d", i)] = []byte("x")
	}
	change(t, tree, files)
	first := serve(t, tree).dial()
	dir := first.mount("/" + dataset + "/v1")
	status, lines, eof := first.page(dir, 0, 4000, true)
	if status != gonfs.NFSStatusOk || eof || len(lines) < 10 {
		t.Fatalf("first page: %v, %d entries, eof %v", status, len(lines), eof)
	}
	last := lines[len(lines)-1]
	next := fmt.Sprintf("%03d", len(lines)-2)
	second := serve(t, tree).dial()
	for _, c := range []*client{first, second} {
		if _, lines, _ := c.page(dir, last.cookie, 4000, true); lines[0].name != next {
			t.Errorf("behind %s comes %s, want %s", last.name, lines[0].name, next)
		}
	}
	if _, lines, _ := second.page(dir, lines[5].cookie, 4000, false); lines[0].name != "004" {
		t.Errorf("behind 003 comes %s", lines[0].name)
	}
	change(t, tree, map[string][]byte{"v1/" + last.name: nil, "v1/000a": []byte("x")})
	if _, lines, _ := first.page(dir, last.cookie, 4000, true); lines[0].name != next {
		t.Errorf("behind %s, which is gone, comes %s, want %s", last.name, lines[0].name, next)
	}
	if status, _, _ := serve(t, tree).dial().page(dir, last.cookie, 4000, true); status != gonfs.NFSStatusBadCookie {
		t.Errorf("page behind what nobody knows any more: %v", status)
	}
	if status, _, _ := first.page(dir, 0, 100, true); status != gonfs.NFSStatusTooSmall {
		t.Errorf("page of 100 bytes: %v", status)
	}
}

func TestMountAndNames(t *testing.T) {
	tree := newTree(t)
	change(t, tree, map[string][]byte{"v1/a/b": []byte("x"), "v1/f": []byte("x"), "readme": []byte("x"), "v1/../up": []byte("x")})
	c := serve(t, tree).dial()
	for path, want := range map[string]gonfs.MountStatus{
		"/": 0, "": 0, "/" + dataset: 0, "/" + dataset + "/": 0, "/" + dataset + "/v1": 0, "/" + dataset + "/v1/a": 0,
		"/" + dataset + "/v1/f": gonfs.MountStatusErrNotDir, "/none": gonfs.MountStatusErrNoEnt, "/" + dataset + "/v2": gonfs.MountStatusErrNoEnt,
		"/" + dataset + "/v1/../v1": gonfs.MountStatusErrNoEnt, "//": gonfs.MountStatusErrNoEnt, "/\xff": gonfs.MountStatusErrNoEnt,
	} {
		if got, _ := c.tryMount(path); got != want {
			t.Errorf("mount %q: status %d, want %d", path, got, want)
		}
	}
	tag := c.mount("/" + dataset + "/v1")
	_, file, _ := c.lookup(tag, "f")
	_, top, _ := c.lookup(tag, "..")
	if _, up, _ := c.lookup(top, ".."); !bytes.Equal(up, c.mount("/")) {
		t.Error(".. of a dataset is not the root")
	}
	for name, want := range map[string]gonfs.NFSStatus{
		"f": 0, "a": 0, ".": 0, "..": 0, "": gonfs.NFSStatusNoEnt, "a/b": gonfs.NFSStatusNoEnt, "../readme": gonfs.NFSStatusNoEnt, "F": gonfs.NFSStatusNoEnt,
		"f\x00": gonfs.NFSStatusNoEnt, "\xff": gonfs.NFSStatusNoEnt, strings.Repeat("x", 256): gonfs.NFSStatusNameTooLong,
	} {
		if got, _, _ := c.lookup(tag, name); got != want {
			t.Errorf("lookup of %q: %v, want %v", name, got, want)
		}
	}
	if got, _, _ := c.lookup(file, "x"); got != gonfs.NFSStatusNotDir {
		t.Errorf("lookup in a file: %v", got)
	}
	if got, _, _ := c.page(file, 0, 4000, true); got != gonfs.NFSStatusNotDir {
		t.Errorf("listing of a file: %v", got)
	}
}

// A dataset that is not exported does not exist.
func TestExports(t *testing.T) {
	tree := newTree(t)
	if err := tree.CreateDataset(t.Context(), "secret"); err != nil {
		t.Fatal(err)
	}
	change(t, tree, map[string][]byte{"v1/f": []byte("x")})
	open := serve(t, tree).dial()
	hidden := open.mount("/secret")
	c := serve(t, tree, func(o *nfs.Options) { o.Exported = func(name string) bool { return name != "secret" } }).dial()
	root := c.mount("/")
	if got := c.list(root, 4000); len(got) != 1 || got[0].name != dataset {
		t.Errorf("the root has %v", got)
	}
	if status, _ := c.tryMount("/secret"); status != gonfs.MountStatusErrNoEnt {
		t.Errorf("mount of what is not exported: %d", status)
	}
	if status, _, _ := c.lookup(root, "secret"); status != gonfs.NFSStatusNoEnt {
		t.Errorf("lookup of what is not exported: %v", status)
	}
	if status, _ := c.getattr(hidden); status != gonfs.NFSStatusStale {
		t.Errorf("handle of what is not exported: %v", status)
	}
	r := c.call(mountProgram, uint32(gonfs.MountProcExport))
	var paths []string
	for r.yes() {
		paths = append(paths, string(r.opaque()))
		r.u32()
	}
	if want := []string{"/", "/" + dataset}; !slices.Equal(paths, want) {
		t.Errorf("exports are %q, want %q", paths, want)
	}
}
