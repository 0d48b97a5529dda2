package manifest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// settledHub is sampleHub, with settings of its dataset.
func settledHub(t fataler) *Hub {
	h, v, err := sampleHub(t).Apply(t.Context(), &Segment{N: 2, Txs: []*Tx{samples()["settings"]}})
	return must(t, h, cmp.Or(err, v[0].Err))
}

func (m *memory) foldHub(t fataler, h *Hub, c cuts) Fold {
	root, err := h.tree(t.Context(), &writer{cuts: c, epoch: h.epoch, write: m.write}, digest(3))
	return Fold{Slot: h.n + 1, Base: h.n, Root: must(t, root, err)}
}

// outer is cuts with which nothing lies inside another node.
func outer() cuts {
	c := smallCuts
	c.inline, c.inRoot = 0, 0
	return c
}

// TestSettingsGolden: as TestNodesGolden, of a hub with settings.
func TestSettingsGolden(t *testing.T) {
	file := filepath.Join("testdata", "settings.txt")
	if _, err := os.Stat(file); *update && os.IsNotExist(err) {
		m := newMemory()
		text := m.foldHub(t, settledHub(t), outer()).Root.String() + "\n"
		for _, name := range slices.SortedFunc(maps.Keys(m.nodes), func(a, b Digest) int { return bytes.Compare(a[:], b[:]) }) {
			text += hex.EncodeToString(m.nodes[name]) + "\n"
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(text))
	m, kinds := newMemory(), map[byte]bool{}
	for _, line := range lines[1:] {
		b, err := hex.DecodeString(line)
		n, err := DecodeNode(sha256.Sum256(must(t, b, err)), b)
		if got := again(must(t, n, err)); !bytes.Equal(got, body(b)) {
			t.Errorf("node of kind %d would be written as\n%swas\n%s", n.kind, hex.Dump(got), hex.Dump(body(b)))
		}
		m.nodes[sha256.Sum256(b)] = b
		kinds[n.kind] = true
	}
	if !kinds[kindRoot] || !kinds[kindSettings] {
		t.Errorf("nodes of kinds %v", kinds)
	}
	root, err := hex.DecodeString(lines[0])
	h, err := LoadHub(t.Context(), m, Fold{Slot: 3, Base: 2, Root: Digest(must(t, root, err))})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Collect(h.AllSettings()), slices.Collect(settledHub(t).AllSettings()); !reflect.DeepEqual(got, want) || len(got) != 1 {
		t.Errorf("settings %v, want %v", got, want)
	}
}

// TestRootWithoutSettings: a hub without settings is written as one of a gateway
// that did not know them, so that it can go on.
func TestRootWithoutSettings(t *testing.T) {
	h := settledHub(t)
	h, v, _ := h.Apply(t.Context(), &Segment{N: 3, Txs: []*Tx{{Records: []Record{&SetSettings{Name: "maxmind", ID: id(8)}}}}})
	if v[0].Err != nil || h.Settings(id(8)) != nil {
		t.Fatalf("taken away: %v, there are %q", v[0].Err, h.Settings(id(8)))
	}
	old := sampleHub(t)
	old.n = h.n
	m := newMemory()
	if a, b := m.foldHub(t, h, smallCuts), m.foldHub(t, old, smallCuts); a != b {
		t.Errorf("the root is %s, never set %s", a.Root, b.Root)
	}
}

// TestHostileSettings: what no gateway writes is refused.
func TestHostileSettings(t *testing.T) {
	key := settingsKey(id(8))
	leaf := func(key string, data []byte) []byte {
		l := level{}
		l.key(key)
		v := encoder{}
		v.bytes(data)
		l.elements.bytes(v.b)
		b, _ := encodeNode(kindSettings, 0, 0, 1, &l.elements)
		return b
	}
	root := func(dataset ID, third []byte) []byte {
		l, v := level{}, encoder{}
		l.key("")
		v.root(&root{dataset: dataset, n: 1})
		v.bytes(third)
		l.elements.bytes(v.b)
		b, _ := encodeNode(kindRoot, 0, 0, 1, &l.elements)
		return b
	}
	name := digest(1)
	for what, b := range map[string][]byte{
		"no settings":             leaf(key, nil),
		"a short key":             leaf(key[1:], []byte("x")),
		"a long key":              leaf(key+"x", []byte("x")),
		"long settings":           leaf(key, make([]byte, MaxSettingsBytes+1)),
		"a root with nothing":     root(ID{}, nil),
		"a root with a leaf more": root(ID{}, level0Bytes()),
		"a dataset with settings": root(id(1), name[:]),
	} {
		if n, err := DecodeNode(sha256.Sum256(b), b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %+v, %v", what, n, err)
		}
	}
	for what, b := range map[string][]byte{
		"the longest settings": leaf(key, make([]byte, MaxSettingsBytes)),
		"a root with settings": root(ID{}, name[:]),
		"settings in the root": root(ID{}, leaf(key, []byte("x"))),
	} {
		n, err := DecodeNode(sha256.Sum256(b), b)
		if got := again(must(t, n, err)); !bytes.Equal(got, body(b)) {
			t.Errorf("%s would be written as %x, was %x", what, got, body(b))
		}
	}
}

// level0Bytes is a leaf of files.
func level0Bytes() []byte {
	l := level0("a")
	b, _ := encodeNode(kindEntries, 0, 0, 1, &l.elements)
	return b
}

// settled is what a hub has to know of a dataset.
type settled struct {
	id   ID
	data string
}

// drawHubRecord draws a record about one of a few datasets, changes want as it
// has to change the hub, and returns the verdict that it has to get. n is
// another for each record.
func drawHubRecord(t *rapid.T, n byte, want map[string]settled) (Record, error) {
	name := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h"}).Draw(t, "name")
	had, there := want[name]
	at, data := had.id, ""
	if rapid.IntRange(0, 5).Draw(t, "of another") == 0 {
		at = id(200)
	}
	known := there && at == had.id
	switch rapid.SampledFrom([]string{"create", "drop", "set", "set", "take away"}).Draw(t, "record") {
	case "create":
		if there {
			return &Create{Name: name, ID: ID{n}}, ErrExists
		}
		want[name] = settled{id: ID{n}}
		return &Create{Name: name, ID: ID{n}}, nil
	case "drop":
		if !known {
			return &Drop{Name: name, ID: at}, ErrNoDataset
		}
		delete(want, name)
		return &Drop{Name: name, ID: at}, nil
	case "set":
		data = strings.Repeat(string(n), rapid.SampledFrom([]int{1, 40, 5000, MaxSettingsBytes / 2}).Draw(t, "length"))
	}
	r := &SetSettings{Name: name, ID: at, Data: []byte(data)}
	if !known {
		return r, ErrNoDataset
	}
	want[name] = settled{at, data}
	return r, nil
}

// TestSettings: random records of the hub against a map, and the hub is folded
// and loaded between them.
func TestSettings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, h := map[string]settled{}, NewHub()
		for n := range byte(rapid.IntRange(1, 60).Draw(t, "records")) {
			r, expected := drawHubRecord(t, n+1, want)
			next, v, _ := h.Apply(t.Context(), &Segment{N: h.N() + 1, Txs: []*Tx{{Records: []Record{r}}}})
			if h = next; !errors.Is(v[0].Err, expected) {
				t.Fatalf("%+v: %v, want %v", r, v[0].Err, expected)
			}
			if rapid.IntRange(0, 3).Draw(t, "fold") == 0 {
				m := newMemory()
				f := m.foldHub(t, h, rapid.SampledFrom([]cuts{smallCuts, outer(), nodeCuts}).Draw(t, "cuts"))
				loaded, err := LoadHub(t.Context(), m, f)
				h = must(t, loaded, err)
			}
			checkSettled(t, h, want)
		}
	})
}

func checkSettled(t *rapid.T, h *Hub, want map[string]settled) {
	set := 0
	for name, w := range want {
		if got := string(h.Settings(h.Dataset(name).ID)); got != w.data {
			t.Fatalf("%s has settings of %d bytes, want %d", name, len(got), len(w.data))
		}
		if w.data != "" {
			set++
		}
	}
	if all := slices.Collect(h.AllSettings()); len(all) != set {
		t.Fatalf("%d datasets have settings, want %d", len(all), set)
	}
}
