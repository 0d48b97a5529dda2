package nfs_test

import (
	"bytes"
	"fmt"
	"testing"

	gonfs "github.com/willscott/go-nfs"

	"aetherfs/backend"
	"aetherfs/nfs"
)

// Handles mean the same on every server with the key. A server that knows no
// names makes one pass for all of them, and none for those that are stale.
func TestHandlesOfALostCache(t *testing.T) {
	tree := newTree(t)
	files := map[string][]byte{"top": []byte("bytes of top"), "v1/dir/": {}, "v1/sub/gone": []byte("x")}
	for i := range 50 {
		key := fmt.Sprintf("v1/sub%d/deep/%d", i%7, i)
		files[key] = []byte("bytes of " + key)
	}
	files["v2/other"] = []byte("x")
	change(t, tree, files)
	old := serve(t, tree).dial()
	type known struct {
		handle []byte
		attr   gonfs.FileAttribute
	}
	all := map[string]known{}
	var visit func(dir []byte, name string)
	visit = func(dir []byte, name string) {
		_, a := old.getattr(dir)
		all[name] = known{dir, a}
		if a.Type == gonfs.FileTypeDirectory {
			for _, l := range old.list(dir, 4000) {
				visit(l.handle, name+"/"+l.name)
			}
		}
	}
	visit(old.mount("/"), "")
	change(t, tree, map[string][]byte{"v1/sub/gone": nil})

	below, names := &counted{Reader: tree}, &memoryNames{}
	lose := func(o *nfs.Options) { o.Names = names }
	c := serve(t, below, lose).dial()
	stale := all["/"+dataset+"/v1/sub/gone"].handle
	delete(all, "/"+dataset+"/v1/sub/gone")
	delete(all, "/"+dataset+"/v1/sub")
	for name, k := range all {
		status, a := c.getattr(k.handle)
		if status != gonfs.NFSStatusOk || a.Fileid != k.attr.Fileid || a.Filesize != k.attr.Filesize {
			t.Fatalf("%q through its old handle: %v, %+v, want %+v", name, status, a, k.attr)
		}
		if a.Type == gonfs.FileTypeRegular {
			if _, data := c.readAll(k.handle, 100); string(data) != "bytes of "+name[len(dataset)+2:] && name != "/"+dataset+"/v2/other" {
				t.Errorf("%q through its old handle has %q", name, data)
			}
		}
	}
	if got := below.lists.Load(); got > 3 {
		t.Errorf("%d names were found in %d passes, want one for each of 3 tags at most", len(all), got)
	}
	before := below.lists.Load()
	for range 10 {
		if status, _ := c.getattr(stale); status != gonfs.NFSStatusStale {
			t.Errorf("handle of what is gone: %v", status)
		}
	}
	if got := serve(t, below, lose).dial(); got != nil {
		if status, _ := got.getattr(stale); status != gonfs.NFSStatusStale {
			t.Errorf("handle of what is gone: %v", status)
		}
	}
	if got := below.lists.Load() - before; got > 0 {
		t.Errorf("handles of what is gone took %d passes", got)
	}
	change(t, tree, map[string][]byte{"v1/sub/again": []byte("x")})
	if status, _ := c.getattr(stale); status != gonfs.NFSStatusStale {
		t.Errorf("handle of what is gone: %v", status)
	}
	if got := below.lists.Load() - before; got > 1 {
		t.Errorf("a change took %d passes, want one", got)
	}
}

// An open file is read to its end as it was opened; a handle of a version that
// is neither open nor there is stale, and a new one names the new bytes.
func TestFilesThatAreReplaced(t *testing.T) {
	tree := newTree(t)
	first, second := bytes.Repeat([]byte("1"), 3<<20), bytes.Repeat([]byte("2"), 3<<20)
	change(t, tree, map[string][]byte{"v1/f": first, "v1/g": first})
	c := serve(t, tree).dial()
	tag := c.mount("/" + dataset + "/v1")
	_, f, was := c.lookup(tag, "f")
	_, g, _ := c.lookup(tag, "g")
	if _, head, _ := c.read(f, 0, 1000); !bytes.Equal(head, first[:1000]) {
		t.Fatal("f has other bytes")
	}
	change(t, tree, map[string][]byte{"v1/f": second, "v1/g": nil})
	if status, got := c.readAll(f, 1<<20); status != gonfs.NFSStatusOk || !bytes.Equal(got, first) {
		t.Errorf("open file, replaced: %v, %d bytes that begin %.5q", status, len(got), got)
	}
	if status, a := c.getattr(f); status != gonfs.NFSStatusOk || a.Fileid != was.Fileid {
		t.Errorf("attributes of an open file, replaced: %v, %+v", status, a)
	}
	if status, _, _ := c.read(g, 0, 10); status != gonfs.NFSStatusStale {
		t.Errorf("file that was removed and is not open: %v", status)
	}
	other := serve(t, tree).dial()
	if status, _, _ := other.read(f, 0, 10); status != gonfs.NFSStatusStale {
		t.Errorf("version that is gone: %v", status)
	}
	if status, _ := other.getattr(f); status != gonfs.NFSStatusStale {
		t.Errorf("attributes of a version that is gone: %v", status)
	}
	_, now, a := c.lookup(tag, "f")
	if a.Fileid == was.Fileid {
		t.Error("another version has the same inode number")
	}
	if _, got := c.readAll(now, 1<<20); !bytes.Equal(got, second) {
		t.Error("the new version has other bytes")
	}
}

func TestBadHandles(t *testing.T) {
	tree := newTree(t)
	change(t, tree, map[string][]byte{"v1/f": []byte("x")})
	c := serve(t, tree).dial()
	h := c.mount("/" + dataset)
	for _, bad := range [][]byte{nil, {1}, make([]byte, 60), h[:56], append(bytes.Clone(h[:59]), h[59]^1), append(bytes.Clone(h), 0, 0, 0, 0)} {
		for procedure, args := range map[gonfs.NFSProcedure][][]byte{
			gonfs.NFSProcedureGetAttr: nil, gonfs.NFSProcedureLookup: {opaque("v1")}, gonfs.NFSProcedureAccess: {u32(63)}, gonfs.NFSProcedureReadlink: nil,
			gonfs.NFSProcedureRead: {u64(0), u32(10)}, gonfs.NFSProcedureReadDir: {u64(0), u64(0), u32(4000)},
			gonfs.NFSProcedureReadDirPlus: {u64(0), u64(0), u32(4000), u32(4000)}, gonfs.NFSProcedureFSStat: nil, gonfs.NFSProcedureFSInfo: nil,
			gonfs.NFSProcedurePathConf: nil,
		} {
			status, r := c.nfs(procedure, append([][]byte{opaque(bad)}, args...)...)
			if procedure != gonfs.NFSProcedureGetAttr {
				r.some()
			}
			r.end()
			if status != gonfs.NFSStatusBadHandle {
				t.Errorf("%v of the handle %x: %v", procedure, bad, status)
			}
		}
	}
}

// With another secret of the owner, no handle is good any more.
func TestHandlesOfAnotherKey(t *testing.T) {
	tree := newTree(t)
	old := serve(t, tree).dial().mount("/" + dataset)
	c := serve(t, tree, func(o *nfs.Options) { o.Key = bytes.Repeat([]byte{8}, nfs.KeyBytes) }).dial()
	if status, _ := c.getattr(old); status != gonfs.NFSStatusBadHandle {
		t.Errorf("handle of another key: %v", status)
	}
	if status, _ := c.getattr(c.mount("/" + dataset)); status != gonfs.NFSStatusOk {
		t.Errorf("handle of its own key: %v", status)
	}
}

func TestAttributes(t *testing.T) {
	tree := newTree(t)
	tx, err := tree.Begin(t.Context(), dataset)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	for key, mtime := range map[string]string{"v1/f": "1700000000.5", "v1/late": "9999999999"} {
		p, _ := backend.ParsePath(dataset, key)
		attr := backend.Attr{Meta: []backend.KV{{Name: "mtime", Value: mtime}}}
		if err := tx.Put(t.Context(), p, bytes.NewReader([]byte("hello")), backend.PutOptions{Attr: attr}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := serve(t, tree).dial()
	tag := c.mount("/" + dataset + "/v1")
	_, f, a := c.lookup(tag, "f")
	if a.Mtime != (gonfs.FileTime{Seconds: 1700000000, Nseconds: 500_000_000}) || a.Filesize != 5 || a.UID != 0 || a.GID != 0 || a.Fileid>>63 != 0 {
		t.Errorf("file: %+v", a)
	}
	if _, late, a := c.lookup(tag, "late"); a.Mtime.Seconds != 1<<32-1 {
		t.Errorf("file %x of the year 2286: %+v", late, a)
	}
	_, before := c.getattr(tag)
	if before.Type != gonfs.FileTypeDirectory || before.FileMode != 0o555 || before.Nlink != 2 {
		t.Errorf("directory: %+v", before)
	}
	for _, l := range c.list(tag, 4000) {
		if _, a := c.getattr(l.handle); *l.attr != a || l.id != a.Fileid {
			t.Errorf("%s is listed with %+v and has %+v", l.name, *l.attr, a)
		}
	}
	change(t, tree, map[string][]byte{"v1/new": []byte("x")})
	if _, after := c.getattr(tag); after.Mtime == before.Mtime || after.Fileid != before.Fileid {
		t.Errorf("directory before a change %+v, after it %+v", before, after)
	}
	for h, want := range map[string]uint32{string(tag): 0x23, string(f): 0x01} {
		status, r := c.nfs(gonfs.NFSProcedureAccess, opaque(h), u32(0x3f))
		r.some()
		if got := r.u32(); status != gonfs.NFSStatusOk || got != want {
			t.Errorf("access: %v, %#x, want %#x", status, got, want)
		}
	}
}
