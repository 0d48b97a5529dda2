package webdav_test

import (
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// model is a tree of files as file systems have them: what a name is, by name.
// The root is "".
type model map[string]string

const directory = "\x00dir"

func parentOf(name string) string { return name[:max(0, strings.LastIndexByte(name, '/'))] }

func (m model) isDir(name string) bool { return m[name] == directory }

func (m model) below(name string) []string {
	var found []string
	for at := range m {
		if at == name || strings.HasPrefix(at, name+"/") {
			found = append(found, at)
		}
	}
	return found
}

func (m model) put(name, body string) int {
	_, there := m[name]
	switch {
	case m.isDir(name):
		return 405
	case !m.isDir(parentOf(name)):
		return 409
	}
	m[name] = body
	return created(there)
}

func created(there bool) int {
	if there {
		return 204
	}
	return 201
}

func (m model) mkcol(name string) int {
	if _, there := m[name]; there {
		return 405
	}
	if !m.isDir(parentOf(name)) {
		return 409
	}
	m[name] = directory
	return 201
}

func (m model) delete(name string) int {
	if _, there := m[name]; !there {
		return 404
	}
	for _, at := range m.below(name) {
		delete(m, at)
	}
	return 204
}

func (m model) transfer(from, to string, overwrite, move bool) int {
	_, source := m[from]
	_, there := m[to]
	switch {
	case !source:
		return 404
	case from == to || strings.HasPrefix(from, to+"/") || strings.HasPrefix(to, from+"/"):
		return 403
	case !m.isDir(parentOf(to)):
		return 409
	case there && !overwrite:
		return 412
	}
	for _, at := range m.below(to) {
		delete(m, at)
	}
	for _, at := range m.below(from) {
		m[to+at[len(from):]] = m[at]
		if move {
			delete(m, at)
		}
	}
	return created(there)
}

// Whatever clients do, the tree is what a file system would be.
func TestAgainstAModel(t *testing.T) {
	segments := []string{"a", "b", "a.b", "c d", "é"}
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		m := model{"": directory}
		name := rapid.Map(rapid.SliceOfN(rapid.SampledFrom(segments), 1, 3), func(s []string) string { return strings.Join(s, "/") })
		expect := func(want int, method, at, body string, header ...string) {
			path := "data-set/" + escaped(at)
			if a := w.do(t, method, path, body, header...); a.status != want {
				r.Fatalf("%s %s %q = %d %s, want %d", method, at, header, a.status, a.body, want)
			}
		}
		r.Repeat(map[string]func(*rapid.T){
			"put": func(r *rapid.T) {
				at, body := name.Draw(r, "name"), rapid.StringN(0, 8, 8).Draw(r, "body")
				expect(m.put(at, body), "PUT", at, body)
			},
			"mkcol": func(r *rapid.T) {
				at := name.Draw(r, "name")
				expect(m.mkcol(at), "MKCOL", at, "")
			},
			"delete": func(r *rapid.T) {
				at := name.Draw(r, "name")
				expect(m.delete(at), "DELETE", at, "")
			},
			"transfer": func(r *rapid.T) {
				from, to := name.Draw(r, "from"), name.Draw(r, "to")
				overwrite, method := rapid.SampledFrom([]string{"", "T", "F"}).Draw(r, "overwrite"), rapid.SampledFrom([]string{"COPY", "MOVE"}).Draw(r, "method")
				expect(m.transfer(from, to, overwrite != "F", method == "MOVE"), method, from, "",
					"Destination", "/webdav/data-set/"+escaped(to), "Overwrite", overwrite)
			},
			"": func(r *rapid.T) {
				if got := w.walk(t, ""); !maps.Equal(got, m) {
					r.Fatalf("the tree is %q, want %q", got, m)
				}
			},
		})
	})
}

func escaped(name string) string {
	return strings.NewReplacer(" ", "%20", "é", "%C3%A9").Replace(name)
}

// walk reads the tree as a client does.
func (w *world) walk(t *testing.T, dir string) model {
	m := model{dir: directory}
	for href := range w.propfind(t, "data-set/"+escaped(dir), "1", "") {
		name := strings.NewReplacer("%20", " ", "%C3%A9", "é").Replace(strings.TrimPrefix(href, "/webdav/data-set/"))
		trimmed := strings.TrimSuffix(name, "/")
		switch {
		case trimmed == dir:
		case trimmed != name:
			maps.Copy(m, w.walk(t, trimmed))
		default:
			m[name] = w.want(t, 200, "GET", "data-set/"+escaped(name), "").body
		}
	}
	return m
}
