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
)

// body returns the plain body of a node.
func body(b []byte) []byte {
	d := &decoder{b: b[16:]}
	codec, plain := d.byte(), d.uint()
	return unpack(d, codec, int(plain))
}

// again encodes what was decoded.
func again(n *Node) []byte {
	l := level{}
	for i, key := range n.keys {
		l.key(key)
		if n.level > 0 {
			l.elements.bytes(n.children[i].bytes())
			l.elements.uint(n.children[i].count)
			continue
		}
		v := encoder{blocks: l.elements.blocks, index: l.elements.index}
		encodeValue(&v, n, i)
		l.elements.blocks, l.elements.index = v.blocks, v.index
		l.elements.bytes(v.b)
	}
	b, _ := encodeNode(n.kind, n.level, n.epoch, l.count, &l.elements)
	return body(b)
}

func encodeValue(e *encoder, n *Node, i int) {
	switch n.kind {
	case kindRoot:
		e.root(rootForm.at(n, i))
	case kindTags:
		e.tag(tagForm.at(n, i))
	case kindEntries:
		e.entry(entryForm.at(n, i))
	case kindUploads:
		e.openUpload(uploadForm.at(n, i))
	case kindParts:
		e.uploadPart(partForm.at(n, i))
	case kindDetail:
		e.detail(detailForm.at(n, i))
	case kindDatasets:
		e.dataset(datasetForm.at(n, i))
	case kindKeys:
		e.key(keyForm.at(n, i))
	case kindSettings:
		e.settings(settingsForm.at(n, i))
	}
}

// sampleState has a value of every kind, all fields in use.
func sampleState(t fataler) *State {
	s := NewState(id(1), 3, nil)
	block := &Block{Name: digest(77), Size: 1 << 40, Trailer: 40_000}
	big := Recipe{{Block: block, Count: 9, Len: MinPartBytes, Off: 4, Stored: 5000}}
	var long Recipe
	for i := range uint32(200) {
		long = append(long, Extent{Block: &Block{Name: digest(byte(i)), Size: 1 << 24, Trailer: 9}, First: i, Count: 1, Len: 40_000, Off: 6, Stored: 90})
	}
	put := samples()["put"].Records[0].(*Put)
	whole := put.Entry
	whole.Recipe, _ = moved(slices.DeleteFunc(slices.Clone(whole.Recipe), func(x Extent) bool { return x.Block == nil || x.Block.Embedded() }))
	whole.Size = whole.Recipe.Len()
	upload := &Upload{Tag: "v1", Name: "up\x00load", Attr: whole.Attr, Checksum: SHA1, Full: true}
	uploadID := (&replay{seg: &Segment{Batch: id(1)}, tx: 1}).newID()
	part := func(n int, size int64, r Recipe) *AddPart {
		sums := []Checksum{{CRC32, []byte{9, 8, 7, 6}, 0}}
		return &AddPart{Tag: upload.Tag, Name: upload.Name, Upload: uploadID, Part: Part{Number: n, Size: size, ETag: strings.Repeat("0a", 16), Checksums: sums}, Added: 9, Recipe: r}
	}
	done := &Upload{Tag: "", Name: "/root", Attr: whole.Attr}
	doneID := (&replay{seg: &Segment{Batch: id(1)}, tx: 4}).newID()
	records := []Record{
		&Put{Tag: "v1", Entry: whole},
		upload,
		part(1, MinPartBytes, big),
		part(2, long.Len(), long),
		done,
		&AddPart{Name: done.Name, Upload: doneID, Part: Part{Number: 4, Size: 5, ETag: "x"}, Recipe: big.Slice(0, 5)},
		&Complete{Name: done.Name, Upload: doneID, Parts: []PartRef{{4, "x"}}},
		&Put{Entry: Entry{Name: "long", Size: long.Len(), ETag: "-", Recipe: long}},
	}
	for i := range 30 {
		records = append(records, &Put{Tag: "many", Entry: Entry{Name: string(rune('a' + i)), ETag: strings.Repeat("1b", 16) + "-3"}})
	}
	seg := &Segment{N: 1, Batch: id(1), Epoch: 3}
	for _, r := range records {
		seg.Txs = append(seg.Txs, &Tx{Time: 1_700_000_000_123, Records: []Record{r}})
	}
	s, v := apply(t, s, seg)
	for i := range v {
		must(t, i, v[i].Err)
	}
	return s
}

func sampleHub(t fataler) *Hub {
	h := NewHub()
	seg := &Segment{N: 1, Txs: []*Tx{samples()["create"], samples()["put-key"]}}
	h, v, err := h.Apply(t.Context(), seg)
	must(t, v, cmp.Or(err, v[0].Err, v[1].Err))
	return h
}

// sampleNodes returns the nodes of a state and of a hub, by name, and those of
// a hub with settings.
func sampleNodes(t fataler) (nodes map[Digest][]byte, root, hub Digest) {
	m := newMemory()
	root = m.fold(t, sampleState(t))
	w := &writer{cuts: smallCuts, epoch: 4, write: m.write}
	w.cuts.inRoot = 0
	hub, err := sampleHub(t).tree(t.Context(), w, digest(3))
	m.foldHub(t, settledHub(t), outer())
	return m.nodes, root, must(t, hub, err)
}

// TestNodesGolden: nodes that were written once are read for ever, say the same
// and would be written the same, compression aside.
func TestNodesGolden(t *testing.T) {
	nodes, root, hub := sampleNodes(t)
	file := filepath.Join("testdata", "nodes.txt")
	if _, err := os.Stat(file); *update && os.IsNotExist(err) {
		text := root.String() + "\n" + hub.String() + "\n"
		for _, name := range slices.SortedFunc(maps.Keys(nodes), func(a, b Digest) int { return bytes.Compare(a[:], b[:]) }) {
			text += hex.EncodeToString(nodes[name]) + "\n"
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
	for _, line := range lines[2:] {
		b, err := hex.DecodeString(line)
		if err != nil {
			t.Fatal(err)
		}
		name := Digest(sha256.Sum256(b))
		m.nodes[name] = b
		n, err := DecodeNode(name, b)
		if err != nil {
			t.Fatal(err)
		}
		if got := again(n); !bytes.Equal(got, body(b)) {
			t.Errorf("node %s would be written as\n%swas\n%s", name, hex.Dump(got), hex.Dump(body(b)))
		}
		kinds[n.kind] = true
		kinds[16+n.level] = true
	}
	for _, kind := range []byte{kindRoot, kindEntries, kindParts, kindDetail, kindDatasets, 16, 17} {
		if !kinds[kind] {
			t.Errorf("no node of kind or level %d", kind)
		}
	}
	checkSamples(t, m, lines[0], lines[1])
}

func checkSamples(t *testing.T, m *memory, root, hub string) {
	parse := func(s string) (d Digest) {
		b, err := hex.DecodeString(s)
		copy(d[:], must(t, b, err))
		return d
	}
	load := func(name string, dataset ID, sum Digest) Fold {
		f := Fold{Slot: 2, Base: 1, Root: parse(name)}
		if r, _, err := loadRoot(t.Context(), m, f); err != nil || r.dataset != dataset || r.sum != sum {
			t.Fatalf("the root of dataset %s at segment %s is %+v, %v", dataset, sum, r, err)
		}
		return f
	}
	s, err := Load(t.Context(), m, load(root, id(1), digest(1)))
	if err != nil {
		t.Fatal(err)
	}
	want := sampleState(t)
	gotKeys, got := dump(t, s, "")
	wantKeys, entries := dump(t, want, "")
	if !slices.Equal(gotKeys, wantKeys) || s.Files() != want.Files() || s.Bytes() != want.Bytes() || s.Epoch() != 3 {
		t.Errorf("the state has keys %q, %d files of %d bytes, epoch %d", gotKeys, s.Files(), s.Bytes(), s.Epoch())
	}
	for i, e := range got {
		if e, err = s.Whole(t.Context(), e); err != nil || !reflect.DeepEqual(e, entries[i]) {
			t.Errorf("%q holds\n%+v, %v, want\n%+v", gotKeys[i], e, err, entries[i])
		}
	}
	for u, err := range s.Uploads(t.Context(), "", ID{}) {
		w, _ := want.Upload(t.Context(), u.Tag, u.Name, must(t, u, err).ID)
		if w == nil || u.Checksum != w.Checksum || u.Full != w.Full || u.Initiated != w.Initiated || !reflect.DeepEqual(u.Attr, w.Attr) {
			t.Errorf("upload %+v, want %+v", u, w)
		}
		for p, err := range u.Parts(t.Context(), 0) {
			if q, ok, _ := w.Part(t.Context(), must(t, p, err).Number); !ok || !reflect.DeepEqual(p, q) {
				t.Errorf("part %+v, want %+v", p, q)
			}
		}
	}
	h, err := LoadHub(t.Context(), m, load(hub, ID{}, digest(3)))
	if err != nil {
		t.Fatal(err)
	}
	o := sampleHub(t)
	if !reflect.DeepEqual(slices.Collect(h.Datasets()), slices.Collect(o.Datasets())) || !reflect.DeepEqual(slices.Collect(h.Keys()), slices.Collect(o.Keys())) ||
		h.Epoch() != 4 || h.N() != 1 {
		t.Errorf("the hub is %+v", h)
	}
}

// TestNodeDamaged: no byte of a node can change, be missing or follow it, and
// under any name that its bytes have, it is still refused or decodes to what
// would be written so.
func TestNodeDamaged(t *testing.T) {
	nodes, _, _ := sampleNodes(t)
	for name, b := range nodes {
		for i := range b {
			for _, bad := range [][]byte{b[:i], append(slices.Clone(b[:i]), b[i+1:]...), append(slices.Clone(b), 0), flip(b, i)} {
				if _, err := DecodeNode(name, bad); !errors.Is(err, ErrFormat) {
					t.Fatalf("node %s, byte %d: %v", name, i, err)
				}
				checkNode(t, bad)
			}
		}
	}
}

func flip(b []byte, i int) []byte {
	c := slices.Clone(b)
	c[i] ^= 1
	return c
}

// checkNode fails unless b is refused, or decodes to what encodes to its body.
func checkNode(t *testing.T, b []byte) {
	t.Helper()
	n, err := DecodeNode(sha256.Sum256(b), b)
	if err != nil {
		if !errors.Is(err, ErrFormat) {
			t.Errorf("%x: %v", b, err)
		}
		return
	}
	if got := again(n); !bytes.Equal(got, body(b)) {
		t.Errorf("%x: decodes, and encodes to %x", body(b), got)
	}
	if n.Weight() < len(b) || len(n.Blocks()) < len(n.blocks) {
		t.Errorf("%x: weight %d", b, n.Weight())
	}
}

func FuzzDecodeNode(f *testing.F) {
	nodes, _, _ := sampleNodes(f)
	for _, b := range nodes {
		f.Add(b)
		plain := slices.Concat(b[:16], []byte{plainCodec}, (&encoder{}).length(len(body(b))), body(b))
		f.Add(plain)
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkNode(t, b) })
}

func (e *encoder) length(n int) []byte {
	e.uint(uint64(n))
	return e.b
}

func sampleCheckpoint() *Checkpoint {
	node := []byte("a root")
	return &Checkpoint{Dataset: id(4), Fold: Fold{Slot: 99, Base: 90, Prev: 50, Root: sha256.Sum256(node)}, Sum: digest(5), Files: 1 << 20, Bytes: 1 << 40, Node: node}
}

// TestCheckpointGolden: as TestGolden.
func TestCheckpointGolden(t *testing.T) {
	c := sampleCheckpoint()
	golden(t, "checkpoint.hex", c.Encode())
	if back, err := DecodeCheckpoint(c.Encode()); err != nil || !reflect.DeepEqual(back, c) {
		t.Errorf("DecodeCheckpoint = %+v, %v, want %+v", back, err, c)
	}
	c.Node = make([]byte, maxCheckpointRoot+1)
	if back, err := DecodeCheckpoint(c.Encode()); err != nil || len(back.Node) > 0 {
		t.Errorf("with a long root: %d bytes, %v", len(back.Node), err)
	}
}

// TestCheckpointDamaged: no byte of it can change, be missing or follow it, and
// what no fold can be is refused.
func TestCheckpointDamaged(t *testing.T) {
	b := sampleCheckpoint().Encode()
	for i := range b {
		for _, bad := range [][]byte{b[:i], flip(b, i), append(slices.Clone(b), 0)} {
			if c, err := DecodeCheckpoint(bad); !errors.Is(err, ErrFormat) {
				t.Fatalf("byte %d: %+v, %v", i, c, err)
			}
		}
	}
	for name, change := range map[string]func(c *Checkpoint){
		"base after slot":  func(c *Checkpoint) { c.Fold.Base = 99 },
		"base of nothing":  func(c *Checkpoint) { c.Fold.Base, c.Fold.Prev = 0, 0 },
		"base before prev": func(c *Checkpoint) { c.Fold.Prev = 90 },
		"another root":     func(c *Checkpoint) { c.Fold.Root = digest(1) },
		"negative files":   func(c *Checkpoint) { c.Files = -1 },
	} {
		c := sampleCheckpoint()
		change(c)
		if got, err := DecodeCheckpoint(c.Encode()); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func FuzzDecodeCheckpoint(f *testing.F) {
	b := sampleCheckpoint().Encode()
	f.Add(b[:len(b)-32])
	f.Fuzz(func(t *testing.T, b []byte) {
		sum := sha256.Sum256(b)
		b = append(slices.Clone(b), sum[:]...)
		c, err := DecodeCheckpoint(b)
		if err == nil && !bytes.Equal(c.Encode(), b) {
			t.Errorf("%x: decodes to %+v, encodes to %x", b, c, c.Encode())
		}
	})
}
