package manifest

import (
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"reflect"
	"strconv"
	"testing"
)

// TestRefused: what no writer makes is no transaction, so that it cannot break
// the order of keys or overflow a length.
func TestRefused(t *testing.T) {
	block := &Block{Name: digest(1), Size: math.MaxInt64}
	huge := Extent{Block: block, Count: 1, Len: MaxEntryBytes}
	for name, r := range map[string]Record{
		"tag with a slash":           &Delete{Tag: "a/b", Name: "c"},
		"root key of a tag":          &Delete{Name: "a/b"},
		"no key":                     &Delete{},
		"copy from no key":           &Copy{Name: "a"},
		"copy to a root key":         &Copy{FromName: "a", Name: "b/c"},
		"upload of no key":           &Upload{},
		"abort of no key":            &Abort{},
		"complete of no key":         &Complete{},
		"copy part from a root key":  &CopyPart{Name: "a", FromName: "b/c"},
		"put of a root key":          &Put{Entry: Entry{Name: "a/b"}},
		"file beyond the largest":    &Put{Entry: Entry{Name: "a", Size: MaxEntryBytes + 1, Recipe: Recipe{huge, {Block: block, Count: 1, Len: 1}}}},
		"lengths that overflow":      &Put{Entry: Entry{Name: "a", Size: 1, Recipe: Recipe{{Count: 1, Len: math.MaxInt64}, {Count: 1, Len: math.MaxInt64}, {Count: 1, Len: 3}}}},
		"skip that overflows":        &Put{Entry: Entry{Name: "a", Size: 1, Recipe: Recipe{{Count: 1, Skip: math.MaxInt64, Len: 1}}}},
		"frames that overflow":       &Put{Entry: Entry{Name: "a", Size: 1, Recipe: Recipe{{Block: block, Count: 1, Len: 1, Off: 2, Stored: math.MaxInt64 - 1}}}},
		"chunks that overflow":       &Put{Entry: Entry{Name: "a", Size: 1, Recipe: Recipe{{First: math.MaxUint32, Count: 2, Len: 1}}}},
		"part of another length":     &AddPart{Name: "a", Part: Part{Size: 2}, Recipe: Recipe{{Count: 1, Len: 1}}},
		"nameless key":               &PutKey{},
		"long access key":            &DropKey{string(make([]byte, maxAccessBytes+1))},
		"long secret":                &PutKey{Key{Access: "a", Sealed: make([]byte, maxSealedBytes+1)}},
		"long note":                  &PutKey{Key{Access: "a", Note: string(make([]byte, maxNoteBytes+1))}},
		"long settings":              &SetSettings{Data: make([]byte, MaxSettingsBytes+1)},
		"checksum that is not known": &AddPart{Name: "a", Part: Part{Checksums: []Checksum{{Algorithm: SHA256 + 1}}}},
	} {
		if tx, err := DecodeTx((&Tx{Records: []Record{r}}).Encode()); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %+v, %v, want ErrFormat", name, tx, err)
		}
	}
	for name, r := range map[string]Record{
		"root tag":         &Delete{Name: "/a/b"},
		"empty name":       &Delete{Tag: "a"},
		"the largest file": &Put{Entry: Entry{Name: "a", Size: MaxEntryBytes, Recipe: Recipe{huge}}},
	} {
		if _, err := DecodeTx((&Tx{Records: []Record{r}}).Encode()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSwap: copies in a transaction take what was there before it.
func TestSwap(t *testing.T) {
	put := func(name, etag string) Record { return &Put{Entry: Entry{Name: name, ETag: etag}} }
	s, v := apply(t, NewState(ID{}, 0, nil), &Segment{N: 1, Txs: []*Tx{{Records: []Record{put("a", "1"), put("b", "2")}}}})
	a, b := v[0].Results[0].Entry, v[0].Results[1].Entry
	swap := &Tx{Records: []Record{
		&Copy{FromName: "a", FromID: a.ID, Name: "b"},
		&Copy{FromName: "b", FromID: b.ID, Name: "a"},
		&Delete{Name: "c"},
		&Copy{FromName: "a", FromID: a.ID, Name: "c"},
	}}
	next, v := apply(t, s, &Segment{N: 2, Batch: ID{1}, Txs: []*Tx{swap}})
	if v[0].Err != nil {
		t.Fatal(v[0].Err)
	}
	for name, want := range map[string]string{"a": "2", "b": "1", "c": "1"} {
		if got := entry(t, next, "", name); got.ETag != want {
			t.Errorf("%s holds %s, want %s", name, got.ETag, want)
		}
	}
	if entry(t, s, "", "a") != a || entry(t, s, "", "b") != b {
		t.Error("the state before has changed")
	}
}

// TestHostileTrees: nodes that no gateway writes are refused, and so is a tree
// whose nodes do not belong together.
func TestHostileTrees(t *testing.T) {
	leaf := func(kind, level byte, names ...string) []byte {
		l := level0(names...)
		b, _ := encodeNode(kind, level, 0, len(names), &l.elements)
		return b
	}
	twice := level0("a")
	twice.elements.blocks = []*Block{{Name: digest(1), Size: 9}}
	unused, _ := encodeNode(kindEntries, 0, 0, 1, &twice.elements)
	for name, b := range map[string][]byte{
		"no element":         leaf(kindEntries, 0),
		"unordered":          leaf(kindEntries, 0, "b", "a"),
		"a key twice":        leaf(kindEntries, 0, "a", "a"),
		"another kind":       leaf(kindTags, 0, "a"),
		"unknown kind":       leaf(10, 0, "a"),
		"values above":       leaf(kindEntries, 1, "a"),
		"too high":           leaf(kindEntries, maxLevel+1, "a"),
		"a block not named":  unused,
		"a length that lies": append(leaf(kindEntries, 0, "a")[:17:17], 0xff, 0xff, 0xff, 0x7f),
	} {
		if n, err := DecodeNode(sha256.Sum256(b), b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
	m := newMemory()
	good := filledSmall(t, m)
	for name, b := range m.nodes {
		n, err := DecodeNode(name, b)
		must(t, n, err)
		for _, other := range m.nodes { // each node in place of each other
			swapped, err := DecodeNode(sha256.Sum256(other), other)
			must(t, swapped, err)
			if reflect.DeepEqual(n, swapped) {
				continue
			}
			s, err := Load(t.Context(), swap{m, name, swapped}, good)
			if err == nil {
				for _, err = range s.Keys(t.Context(), "") {
				}
			}
			if !errors.Is(err, ErrFormat) {
				t.Errorf("node of kind %d, level %d in place of kind %d, level %d: %v", swapped.kind, swapped.level, n.kind, n.level, err)
			}
		}
	}
	s, err := Load(t.Context(), m, good)
	must(t, s, err)
	for name := range m.nodes {
		delete(m.nodes, name)
	}
	if _, err := Load(t.Context(), m, good); !errors.Is(err, ErrGone) {
		t.Errorf("root gone: %v", err)
	}
	if _, _, err := s.Apply(t.Context(), &Segment{N: 2, Txs: []*Tx{{Records: []Record{&Delete{Tag: "v", Name: "1"}}}}}); !errors.Is(err, ErrGone) {
		t.Errorf("replay without nodes: %v", err)
	}
}

// level0 is a leaf of empty files.
func level0(names ...string) level {
	l := level{}
	for _, name := range names {
		var v encoder
		v.entry(&Entry{})
		l.key(name)
		l.elements.bytes(v.b)
	}
	return l
}

// swap is a store that has another node under a name.
type swap struct {
	*memory
	name Digest
	node *Node
}

func (s swap) Node(ctx context.Context, name Digest) (*Node, error) {
	if name == s.name {
		return s.node, nil
	}
	return s.memory.Node(ctx, name)
}

func filledSmall(t *testing.T, m *memory) Fold {
	s := NewState(id(1), 0, m)
	seg := &Segment{N: 1}
	for i := range 60 {
		seg.Txs = append(seg.Txs, &Tx{Records: []Record{&Put{Tag: "v", Entry: Entry{Name: strconv.Itoa(i), ETag: strconv.Itoa(i)}}}})
	}
	s, _ = apply(t, s, seg)
	w := &writer{cuts: smallCuts, nodes: m, write: m.write}
	w.cuts.inline, w.cuts.inRoot = 0, 0
	root, err := s.tree(t.Context(), w, digest(1))
	return Fold{Slot: 2, Base: 1, Root: must(t, root, err)}
}
