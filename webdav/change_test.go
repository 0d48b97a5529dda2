package webdav_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"aetherfs/backend"
)

func TestMkcol(t *testing.T) {
	w := newWorld(t)
	w.want(t, 201, "MKCOL", "data-set/a", "")
	w.want(t, 201, "MKCOL", "data-set/a/b/", "")
	w.put(t, "f", "f")
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{"data-set/a", "", 405}, {"data-set/a/", "", 405}, {"data-set/f", "", 405}, {"data-set", "", 405}, {"/webdav/", "", 405},
		{"data-set/none/b", "", 409}, {"data-set/f/b", "", 409}, {"none/b", "", 409}, {"data-set/c", "<x/>", 415},
		{"data-set/._c", "", 403}, {"new-set", "", 201}, {"new-set", "", 405}, {"Upper", "", 403}, {"ab", "", 403}, {"webdav", "", 403},
	} {
		w.want(t, c.want, "MKCOL", c.path, c.body)
	}
	if a := w.do(t, "MKCOL", "Under_score", ""); !strings.Contains(a.body, "lower-case") {
		t.Errorf("who names a dataset wrongly is told %q", a.body)
	}
	w.wantKeys(t, "a/", "a/b/", "f")
	p, err := backend.ParsePath(dataset, "a/")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := w.tree.Stat(t.Context(), p); err != nil || info.Attr.ContentType != "application/x-directory" {
		t.Errorf("the marker is %+v, %v", info, err)
	}
}

func TestDelete(t *testing.T) {
	w := newWorld(t)
	for _, key := range []string{"a/b/c", "a/b//hidden", "a/b.c", "top"} {
		w.put(t, key, "x")
	}
	for _, path := range []string{"data-set/none", "data-set/none/f", "none", "data-set/top/"} {
		w.want(t, 404, "DELETE", path, "")
	}
	w.want(t, 403, "DELETE", "/webdav/", "")
	w.want(t, 409, "DELETE", "data-set", "")
	w.want(t, 204, "DELETE", "data-set/a/b", "")
	w.wantKeys(t, "a/b.c", "top")
	w.want(t, 204, "DELETE", "data-set/a/b.c", "")
	w.wantKeys(t, "a/", "top") // file systems keep empty directories
	w.want(t, 204, "DELETE", "data-set/a/", "")
	w.want(t, 204, "DELETE", "data-set/top", "")
	w.wantKeys(t)
	w.want(t, 204, "DELETE", "data-set", "")
	w.want(t, 404, "PROPFIND", "data-set", "", "Depth", "0")
}

func TestCopyAndMove(t *testing.T) {
	for _, c := range []struct {
		method, from, to string
		header           []string
		want             int
		keys             string
	}{
		{"COPY", "f", "g", nil, 201, "d/ d/e/1 d/e/2 d/x e/ f g h"},
		{"COPY", "f", "h", nil, 204, "d/ d/e/1 d/e/2 d/x e/ f h"},
		{"COPY", "f", "h", []string{"Overwrite", "F"}, 412, ""},
		{"COPY", "f", "g", []string{"Overwrite", "F"}, 201, "d/ d/e/1 d/e/2 d/x e/ f g h"},
		{"COPY", "f", "h", []string{"Overwrite", "x"}, 400, ""},
		{"COPY", "f", "d", nil, 204, "d e/ f h"},
		{"COPY", "d", "h", nil, 204, "d/ d/e/1 d/e/2 d/x e/ f h/ h/e/1 h/e/2 h/x"},
		{"COPY", "d", "e", nil, 204, "d/ d/e/1 d/e/2 d/x e/ e/e/1 e/e/2 e/x f h"},
		{"COPY", "d/", "n/", nil, 201, "d/ d/e/1 d/e/2 d/x e/ f h n/ n/e/1 n/e/2 n/x"},
		{"COPY", "d", "n", []string{"Depth", "0"}, 201, "d/ d/e/1 d/e/2 d/x e/ f h n/"},
		{"COPY", "d/e", "n", []string{"Depth", "0"}, 201, "d/ d/e/1 d/e/2 d/x e/ f h n/"},
		{"COPY", "d", "n", []string{"Depth", "1"}, 400, ""},
		{"COPY", "d", "d/e/n", nil, 403, ""},
		{"COPY", "d/e/1", "d", nil, 403, ""},
		{"COPY", "none", "n", nil, 404, ""},
		{"COPY", "f", "none/n", nil, 409, ""},
		{"COPY", "f", "h/n", nil, 409, ""},
		{"MOVE", "f", "g", nil, 201, "d/ d/e/1 d/e/2 d/x e/ g h"},
		{"MOVE", "f", "h", nil, 204, "d/ d/e/1 d/e/2 d/x e/ h"},
		{"MOVE", "f", "h", []string{"Overwrite", "F"}, 412, ""},
		{"MOVE", "f", "e/n", nil, 201, "d/ d/e/1 d/e/2 d/x e/ e/n h"},
		{"MOVE", "d/e", "e/n", nil, 201, "d/ d/x e/ e/n/1 e/n/2 f h"},
		{"MOVE", "d/e", "e", []string{"Depth", "infinity"}, 204, "d/ d/x e/1 e/2 f h"},
		{"MOVE", "d/e", "e", []string{"Depth", "0"}, 400, ""},
		{"MOVE", "d", "d/n", nil, 403, ""},
		{"MOVE", "d/e", "d", nil, 403, ""},
		{"MOVE", "d", "d", nil, 403, ""},
		{"MOVE", "f/", "g", nil, 404, ""},
	} {
		w := newWorld(t)
		before := []string{"d/", "d/e/1", "d/e/2", "d/x", "e/", "f", "h"}
		for _, key := range before {
			w.put(t, key, "at "+key)
		}
		w.want(t, c.want, c.method, "data-set/"+c.from, "", append(c.header, "Destination", "/webdav/data-set/"+c.to)...)
		if c.keys != "" {
			before = strings.Split(c.keys, " ")
		}
		w.wantKeys(t, before...)
	}
}

func TestMovesOutOfADirectoryKeepIt(t *testing.T) {
	w := newWorld(t)
	w.put(t, "a/b/f", "f")
	w.want(t, 201, "MOVE", "data-set/a/b/f", "", "Destination", "/webdav/data-set/a/b/g")
	w.wantKeys(t, "a/b/g")
	w.want(t, 201, "MOVE", "data-set/a/b/g", "", "Destination", "/webdav/data-set/a/g")
	w.wantKeys(t, "a/b/", "a/g")
	w.want(t, 204, "MOVE", "data-set/a/b", "", "Destination", "/webdav/data-set/a/g")
	w.wantKeys(t, "a/g/")
}

// rclone deletes the files of a directory side by side, and then the directory.
func TestADirectoryIsKeptWhenItsLastFilesGoAtOnce(t *testing.T) {
	const files = 4
	w := newWorld(t)
	for range 20 {
		var deleters sync.WaitGroup
		for i := range files {
			w.put(t, fmt.Sprintf("d/%d", i), "x")
		}
		for i := range files {
			deleters.Go(func() { w.want(t, 204, "DELETE", fmt.Sprintf("data-set/d/%d", i), "") })
		}
		deleters.Wait()
		w.wantKeys(t, "d/")
		w.want(t, 204, "DELETE", "data-set/d", "")
	}
}

func TestAcrossDatasets(t *testing.T) {
	w := newWorld(t)
	w.want(t, 201, "MKCOL", "other", "")
	w.put(t, "d/f", strings.Repeat("far", 100_000))
	w.want(t, 502, "MOVE", "data-set/d/f", "", "Destination", "/webdav/other/f")
	w.want(t, 201, "COPY", "data-set/d", "", "Destination", "/webdav/other/d")
	if a := w.want(t, 200, "GET", "other/d/f", ""); a.body != strings.Repeat("far", 100_000) {
		t.Errorf("the copy has %d bytes", len(a.body))
	}
	for _, method := range []string{"COPY", "MOVE"} {
		w.want(t, 403, method, "data-set", "", "Destination", "/webdav/third")
		w.want(t, 403, method, "data-set", "", "Destination", "/webdav/other/d/x")
		w.want(t, 403, method, "/webdav/", "", "Destination", "/webdav/other/d/x")
	}
	w.wantKeys(t, "d/f")
}

func TestACopyKeepsWhatIsSaidOfAFile(t *testing.T) {
	w := newWorld(t)
	w.want(t, 201, "PUT", "data-set/f", "x", "Content-Type", "text/x-f", "X-OC-Mtime", "1700000000")
	w.want(t, 207, "PROPPATCH", "data-set/f", `<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><Z:author xmlns:Z="urn:z">me</Z:author></D:prop></D:set></D:propertyupdate>`)
	want := w.propfind(t, "data-set/f", "0", "")["/webdav/data-set/f"]
	w.want(t, 201, "COPY", "data-set/f", "", "Destination", "/webdav/data-set/g")
	w.want(t, 201, "MOVE", "data-set/g", "", "Destination", "/webdav/data-set/h")
	got := w.propfind(t, "data-set/h", "0", "")["/webdav/data-set/h"]
	for _, name := range []string{"author", "getcontenttype", "getlastmodified", "getetag", "getcontentlength"} {
		if got[name] != want[name] || got[name] == "" {
			t.Errorf("%s of the copy is %q, want %q", name, got[name], want[name])
		}
	}
}

// Whoever lists while a directory moves to and fro sees it in one place, whole.
func TestAMoveIsOneCommit(t *testing.T) {
	const files = 20
	w := newWorld(t)
	for i := range files {
		w.put(t, fmt.Sprintf("a/%02d", i), "x")
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				if got := w.keys(t); len(got) != files || got[0][:2] != got[files-1][:2] {
					t.Errorf("a reader sees %q", got)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range 10 {
		w.want(t, 201, "MOVE", "data-set/a", "", "Destination", "/webdav/data-set/b")
		w.want(t, 201, "MOVE", "data-set/b", "", "Destination", "/webdav/data-set/a")
	}
	close(done)
	readers.Wait()
}

func TestChangesOfTooManyFiles(t *testing.T) {
	const most = 10_000
	w := newWorld(t)
	w.commit(t, func(tx backend.Tx, p func(string) backend.Path) error {
		for i := range most + 1 {
			if err := tx.Put(t.Context(), p(fmt.Sprintf("d/%05d", i)), strings.NewReader(""), backend.PutOptions{}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, method := range []string{"COPY", "MOVE", "DELETE"} {
		w.want(t, 507, method, "data-set/d", "", "Destination", "/webdav/data-set/e")
	}
	if got := len(w.keys(t)); got != most+1 {
		t.Fatalf("%d keys are left", got)
	}
	w.want(t, 204, "DELETE", "data-set/d/00000", "")
	w.want(t, 201, "COPY", "data-set/d", "", "Destination", "/webdav/data-set/e")
	w.want(t, 204, "MOVE", "data-set/d", "", "Destination", "/webdav/data-set/e") // in place of as many
	w.want(t, 204, "DELETE", "data-set/e", "")
	w.wantKeys(t)
}
