package treetest

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"aetherfs/backend"
)

// someNames are names that a file view may be asked for.
var someNames = []string{"", "a", "a/b", "a-b", "a.b", "b", "b/..", "v1", "v1/x", "v1-rc", "z", "none", "a/none", "."}

// view compares a directory, as a whole and in pieces, and a node with what the
// model's keys make of them.
func (m *machine) view(t *rapid.T) {
	name := strings.TrimSuffix(dataset+"/"+rapid.SampledFrom(someNames).Draw(t, "name"), "/")
	got, err := m.tree.Node(t.Context(), name)
	want, there := m.node(name)
	if !there && !errors.Is(err, backend.ErrNotFound) || there && (err != nil || got.Dir != want) {
		t.Fatalf("Node(%q) = %+v, %v, want a directory: %v, anything: %v", name, got, err, want, there)
	}
	if there && !want && got.Info.Size != int64(len(m.model[strings.TrimPrefix(name, dataset+"/")])) {
		t.Fatalf("Node(%q) has %d bytes", name, got.Info.Size)
	}
	after, all := "", m.children(name)
	if len(all) > 0 && rapid.Bool().Draw(t, "resume") {
		i := rapid.IntRange(0, len(all)-1).Draw(t, "after")
		after, all = all[i], all[i+1:]
	}
	var marks []string
	for n, err := range m.tree.ReadDir(t.Context(), name, after) {
		if errors.Is(err, backend.ErrNotFound) && !backend.Shown(name) {
			return
		}
		if err != nil {
			t.Fatalf("ReadDir(%q, %q): %v", name, after, err)
		}
		if dir, there := m.node(n.Name); !there || dir != n.Dir {
			t.Fatalf("ReadDir(%q) has %+v, want a directory: %v, anything: %v", name, n, dir, there)
		}
		marks = append(marks, n.Mark())
	}
	if !slices.Equal(marks, all) {
		t.Fatalf("ReadDir(%q, %q) = %q, want %q", name, after, marks, all)
	}
}

// node says whether the model has anything under a name, and whether that is a
// directory.
func (m *machine) node(name string) (dir, there bool) {
	key := strings.TrimPrefix(strings.TrimPrefix(name, dataset), "/")
	if key == "" {
		return true, true
	}
	if !backend.Shown(key) {
		return false, false
	}
	for k := range m.model {
		if strings.HasPrefix(k, key+"/") {
			return true, true
		}
	}
	_, there = m.model[key]
	return false, there
}

// children are the marks of what is in a directory of the model.
func (m *machine) children(name string) []string {
	prefix := strings.TrimPrefix(name+"/", dataset+"/")
	found := map[string]bool{}
	for k := range m.model {
		rest, ok := strings.CutPrefix(k, prefix)
		if !ok || !backend.Shown(strings.TrimSuffix(prefix, "/")) && prefix != "" {
			continue
		}
		base, _, dir := strings.Cut(rest, "/")
		if base == "" || !backend.Shown(prefix+base) {
			continue
		}
		if is, _ := m.node(dataset + "/" + prefix + base); is != dir {
			continue // the file beside a directory of its name
		}
		if dir {
			base += "/"
		}
		found[base] = true
	}
	return slices.Sorted(maps.Keys(found))
}
