package manifest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// smallCuts give small trees several levels.
var smallCuts = cuts{least: 2, mean: 3, most: 6, bytes: 900, inline: 150, inRoot: 400, detail: 150}

var errInjected = errors.New("injected")

// memory is a store of nodes, and of the blocks embedded in a log.
type memory struct {
	mu     sync.Mutex
	nodes  map[Digest][]byte
	blocks map[uint64]*Block
	reads  int
	names  map[Digest]int // reads of each node
	fail   int            // so many reads from now on, one fails; 0: none
}

func newMemory() *memory {
	return &memory{nodes: map[Digest][]byte{}, blocks: map[uint64]*Block{}, names: map[Digest]int{}}
}

func (m *memory) Node(_ context.Context, name Digest) (*Node, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.count(); err != nil {
		return nil, err
	}
	m.names[name]++
	b, ok := m.nodes[name]
	if !ok {
		return nil, ErrGone
	}
	return DecodeNode(name, b)
}

func (m *memory) Embedded(_ context.Context, slot uint64) (*Block, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.count(); err != nil {
		return nil, err
	}
	return m.blocks[slot], nil
}

func (m *memory) count() error {
	m.reads++
	if m.fail--; m.fail == 0 {
		return errInjected
	}
	return nil
}

func (m *memory) write(_ context.Context, name Digest, b []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.nodes[name] = b
	return nil
}

// moved is where the tests' folds move what is embedded in a slot.
func moved(r Recipe) (Recipe, error) {
	out := make(Recipe, len(r))
	for i, x := range r {
		if x.Block.Embedded() {
			x.Block = &Block{Name: digest(byte(x.Block.Slot)), Size: x.Block.Size, Trailer: 3}
		}
		out[i] = x
	}
	return out, nil
}

// fold writes a state as a tree of small nodes.
func (m *memory) fold(t fataler, s *State) Digest {
	t.Helper()
	w := &writer{cuts: smallCuts, epoch: s.epoch, nodes: s.nodes, move: moved, write: m.write}
	name, err := s.tree(t.Context(), w, digest(byte(s.n)))
	return must(t, name, err)
}

// attempt does what reads nodes, first with a failure somewhere, which must
// come back, and then without.
func attempt[V any](t *rapid.T, m *memory, do func() (V, error)) V {
	m.fail = rapid.IntRange(0, 12).Draw(t, "read that fails")
	v, err := do()
	if m.fail = 0; err != nil {
		if !errors.Is(err, errInjected) {
			t.Fatal(err)
		}
		v, err = do()
	}
	return must(t, v, err)
}

// replica is a gateway's view of a log.
type replica struct {
	*State
	log []*Segment
}

func (r *replica) apply(t *rapid.T, m *memory, seg *Segment) []Verdict {
	type result struct {
		s *State
		v []Verdict
	}
	before := r.State
	got := attempt(t, m, func() (result, error) {
		s, v, err := before.Apply(t.Context(), seg)
		return result{s, v}, err
	})
	r.State = got.s
	return got.v
}

// reload brings the replica to the newest fold and applies again what follows.
func (r *replica) reload(t *rapid.T, m *memory, want map[uint64][]error) {
	f := r.Fold()
	r.State = attempt(t, m, func() (*State, error) { return Load(t.Context(), m, f) })
	for _, seg := range r.log[f.Base:] {
		for i, v := range r.apply(t, m, seg) {
			if w := want[seg.N][i]; !errors.Is(v.Err, w) && !(seg.N == f.Slot && errors.Is(v.Err, ErrFold)) {
				t.Fatalf("segment %d, transaction %d, again: verdict %v, was %v", seg.N, i, v.Err, w)
			}
		}
	}
	if r.Fold() != f {
		t.Fatalf("reloaded, the fold is %+v, was %+v", r.Fold(), f)
	}
}

// content is all that a state says, recipes as folds move them.
func content(t *rapid.T, m *memory, s *State) []any {
	return attempt(t, m, func() ([]any, error) {
		var all []any
		for x, err := range s.Tags(t.Context()) {
			if err != nil {
				return nil, err
			}
			all = append(all, x)
		}
		for x, err := range s.Keys(t.Context(), "") {
			if err != nil {
				return nil, err
			}
			e, err := s.Whole(t.Context(), x.Entry)
			if err != nil {
				return nil, err
			}
			c := *e
			c.Recipe, _ = moved(e.Recipe)
			all = append(all, x.Tag, c)
		}
		for u, err := range s.Uploads(t.Context(), "", ID{}) {
			if err != nil {
				return nil, err
			}
			all = append(all, u.Tag, u.Name, u.ID, u.Initiated, u.Attr, u.Checksum, u.Full)
			for p, err := range u.Parts(t.Context(), 0) {
				if err != nil {
					return nil, err
				}
				all = append(all, p)
			}
		}
		return append(all, s.Files(), s.Bytes(), s.Closed(), s.N(), s.Epoch()), nil
	})
}

// world draws records that mean something to a state.
type world struct {
	t       *rapid.T
	s       *State // never folded
	entries []Keyed
	uploads []*OpenUpload
	small   int // chunks that the transaction brings
}

func drawWorld(t *rapid.T, s *State) *world {
	w := &world{t: t, s: s}
	for x, err := range s.Keys(t.Context(), "") {
		w.entries = append(w.entries, must(t, x, err))
	}
	for u, err := range s.Uploads(t.Context(), "", ID{}) {
		w.uploads = append(w.uploads, must(t, u, err))
	}
	return w
}

func (w *world) number(from, to int, what string) int {
	return rapid.IntRange(from, to).Draw(w.t, what)
}

func (w *world) path() (tag, name string) {
	tag = rapid.SampledFrom(someTags).Draw(w.t, "tag")
	name = fmt.Sprintf("k%d", w.number(0, 40, "name"))
	if tag != "" && w.number(0, 9, "odd") == 0 {
		name = rapid.SampledFrom(someNames).Draw(w.t, "odd name")
	}
	return tag, name
}

// recipe is of few bytes: in the transaction, in an earlier segment, in blocks.
func (w *world) recipe(size int64) Recipe {
	pool := &Block{Name: digest(byte(200 + w.number(0, 3, "block"))), Size: 1 << 40, Trailer: 9}
	switch w.number(0, 3, "place") {
	case 0:
		w.small++
		return Recipe{{First: uint32(w.small - 1), Count: 1, Len: size}}
	case 1:
		slot := uint64(w.number(1, int(w.s.N())+2, "slot"))
		return Recipe{{Block: &Block{Slot: slot}, Count: 1, Len: size}}
	case 2:
		var r Recipe
		for i := range int64(8) {
			r = append(r, Extent{Block: pool, First: uint32(9 * i), Count: 3, Skip: i, Len: size / 8, Off: 50 * i, Stored: 40})
		}
		r[0].Len += size % 8
		return r
	default:
		return Recipe{{Block: pool, First: 7, Count: 2, Len: size, Off: 9, Stored: 90}}
	}
}

func (w *world) record() Record {
	tag, name := w.path()
	kind := w.number(0, 11, "kind")
	if len(w.entries) > 0 {
		from := rapid.SampledFrom(w.entries).Draw(w.t, "entry")
		switch kind {
		case 0:
			return &Copy{FromTag: from.Tag, FromName: from.Name, FromID: from.ID, Tag: tag, Name: name, Keep: w.number(0, 1, "keep") > 0}
		case 1, 2:
			return &Delete{Tag: from.Tag, Name: from.Name}
		}
		if len(w.uploads) > 0 && kind == 3 {
			u := rapid.SampledFrom(w.uploads).Draw(w.t, "upload")
			return &CopyPart{Tag: u.Tag, Name: u.Name, Upload: u.ID, Part: Part{Number: w.number(1, 9, "part"), Size: from.Size / 2, ETag: "c"},
				FromTag: from.Tag, FromName: from.Name, FromID: from.ID, Off: from.Size / 3}
		}
	}
	if len(w.uploads) > 0 && kind <= 6 {
		u := rapid.SampledFrom(w.uploads).Draw(w.t, "upload")
		switch {
		case kind <= 4:
			r := w.recipe(MinPartBytes)
			return &AddPart{Tag: u.Tag, Name: u.Name, Upload: u.ID, Part: Part{Number: w.number(1, 9, "part"), Size: r.Len(), ETag: "p"}, Added: 5, Recipe: r}
		case kind == 5:
			c := &Complete{Tag: u.Tag, Name: u.Name, Upload: u.ID}
			for p, err := range u.Parts(w.t.Context(), 0) {
				c.Parts = append(c.Parts, PartRef{must(w.t, p, err).Number, p.ETag})
			}
			return c
		case w.number(0, 3, "abort") == 0:
			return &Abort{Tag: u.Tag, Name: u.Name, Upload: u.ID}
		}
	}
	if kind == 7 {
		return &Upload{Tag: tag, Name: name, Attr: Attr{ContentType: "a/b"}}
	}
	r := w.recipe(int64(w.number(8, 90, "size")))
	return &Put{Tag: tag, Entry: Entry{Name: name, Size: r.Len(), ETag: fmt.Sprint(kind), Added: 3, Recipe: r}}
}

// segment draws what is committed after s, with a fold or not.
func (w *world) segment(fold *FoldRecord) *Segment {
	n := w.s.N() + 1
	seg := &Segment{N: n, Batch: id(byte(n)), Epoch: w.s.Epoch()}
	at := w.number(0, 2, "place of the fold")
	for i := range w.number(1, 4, "transactions") {
		if fold != nil && i == at {
			seg.Txs, seg.Bases = append(seg.Txs, &Tx{Records: []Record{fold}}), append(seg.Bases, uint32(w.small))
		}
		tx, first := &Tx{Time: int64(w.number(0, 50, "time"))}, uint32(w.small)
		for range w.number(1, 6, "records") {
			r := w.record()
			tx.Records = append(tx.Records, r)
			if p, ok := r.(*Put); ok {
				own(p.Entry.Recipe, first)
			}
			if p, ok := r.(*AddPart); ok {
				own(p.Recipe, first)
			}
		}
		seg.Txs, seg.Bases = append(seg.Txs, tx), append(seg.Bases, first)
	}
	if w.small > 0 {
		b := &Block{Dataset: id(1), Slot: n, Size: 1 << 20}
		for i := range w.small {
			b.Frames = append(b.Frames, Frame{uint32(i), 1, int64(i) * 100, 100, 200})
		}
		seg.Block = b
	}
	return seg
}

// own counts small chunks from the transaction's first.
func own(r Recipe, first uint32) {
	for i := range r {
		if r[i].Block == nil {
			r[i].First -= first
		}
	}
}

// TestFolds: random records with folds of random states, committed at once or
// later, beside a state that is never folded. All verdicts are the same, on the
// way, again over the fold, and from the fold's tree alone; so is all that can
// be read; and both write the same tree.
func TestFolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMemory()
		pure := NewState(id(1), 7, nil)
		warm := &replica{State: NewState(id(1), 7, m)}
		verdicts := map[uint64][]error{}
		var pending []*FoldRecord
		for range rapid.IntRange(1, 30).Draw(t, "segments") {
			var late *FoldRecord
			if len(pending) > 0 && rapid.Bool().Draw(t, "commit a fold") {
				late, pending = pending[0], pending[1:]
			}
			seg := drawWorld(t, pure).segment(late)
			m.blocks[seg.N] = seg.Block
			warm.log = append(warm.log, seg)
			next, want := apply(t, pure, seg)
			pure = next
			accepted := false
			for i, v := range warm.apply(t, m, seg) {
				if !errors.Is(v.Err, want[i].Err) {
					t.Fatalf("segment %d, transaction %d: verdict %v, never folded %v", seg.N, i, v.Err, want[i].Err)
				}
				verdicts[seg.N] = append(verdicts[seg.N], v.Err)
				accepted = accepted || v.Err == nil && v.Results[0].Fold != nil
			}
			if accepted {
				warm.reload(t, m, verdicts)
				cold := &replica{State: warm.State, log: warm.log}
				cold.reload(t, m, verdicts)
				if a, b := m.fold(t, cold.State), m.fold(t, warm.State); a != b {
					t.Fatalf("cold, the tree is %s, warm %s", a, b)
				}
			}
			if rapid.IntRange(0, 2).Draw(t, "fold") == 0 {
				root := m.fold(t, warm.State)
				if pureRoot := m.fold(t, pure); pureRoot != root {
					t.Fatalf("state %d: the tree is %s, never folded %s", pure.N(), root, pureRoot)
				}
				pending = append(pending, &FoldRecord{Base: warm.N(), BuildsOn: warm.Fold().Slot, Root: root})
			}
		}
		want, got := content(t, m, pure), content(t, m, warm.State)
		for i := range max(len(want), len(got)) {
			if i >= min(len(want), len(got)) || !reflect.DeepEqual(got[i], want[i]) {
				t.Fatalf("value %d of the folded state is\n%+v, never folded\n%+v", i, got[min(i, len(got)-1)], want[min(i, len(want)-1)])
			}
		}
		for r := range warm.Embedded() {
			if len(r) == 0 {
				t.Fatal("an empty recipe is embedded")
			}
		}
		from := KeyOf(drawWorld(t, pure).path())
		a, _ := dump(t, pure, from)
		b, _ := dump(t, warm.State, from)
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("from %q the folded state lists %q, never folded %q", from, b, a)
		}
	})
}

// TestShape: a tree is the same whatever it was built on, and its nodes are as
// large as they have to be.
func TestShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMemory()
		s := NewState(id(1), 0, m)
		for range rapid.IntRange(1, 5).Draw(t, "folds") {
			next := s.clone()
			next.n++
			p := &replay{s: next, owner: new(owner)}
			for range rapid.IntRange(0, 150).Draw(t, "changes") {
				name := fmt.Sprint(rapid.IntRange(0, 300).Draw(t, "name"))
				old := entry(t, next, "v", name)
				if old != nil && rapid.IntRange(0, 2).Draw(t, "remove") > 0 {
					must(t, 0, p.remove(t.Context(), "v", old))
				} else if old == nil {
					_, err := p.replace(t.Context(), "v", nil, &Entry{Name: name, ID: id(1)})
					must(t, 0, err)
				}
			}
			root := m.fold(t, next)
			alone := NewState(id(1), 0, nil)
			q := &replay{s: alone, owner: new(owner)}
			for e, err := range next.Entries(t.Context(), "v") {
				_, err = q.replace(t.Context(), "v", nil, must(t, e, err))
				must(t, 0, err)
			}
			alone.n = next.n
			if got := m.fold(t, alone); got != root {
				t.Fatalf("state %d: the tree is %s, of the same entries alone %s", next.n, root, got)
			}
			var err error
			s, err = Load(t.Context(), m, Fold{Slot: next.n + 1, Base: next.n, Root: root})
			must(t, 0, err)
		}
	})
}

// TestFoldRule: a fold is accepted when it builds on the newest and its base is
// a segment since that.
func TestFoldRule(t *testing.T) {
	newest := Fold{Slot: 10, Base: 6, Prev: 2, Root: digest(1)}
	for _, c := range []struct {
		slot, base, on uint64
		old            Fold
		ok             bool
	}{
		{2, 1, 0, Fold{}, true},
		{9, 8, 0, Fold{}, true},
		{2, 0, 0, Fold{}, false},
		{2, 2, 0, Fold{}, false},
		{9, 5, 3, Fold{}, false},
		{12, 11, 10, newest, true},
		{12, 10, 10, newest, true},
		{12, 9, 10, newest, false},
		{12, 12, 10, newest, false},
		{12, 11, 6, newest, false},
		{12, 11, 0, newest, false},
		{10, 6, 0, newest, false},
	} {
		r := &FoldRecord{Base: c.base, BuildsOn: c.on, Root: digest(2)}
		got, err := r.accept(c.slot, c.old)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrFold) {
			t.Errorf("%+v: %v", c, err)
		}
		if c.ok && got != (Fold{c.slot, c.base, c.old.Base, digest(2)}) || !c.ok && got != c.old {
			t.Errorf("%+v: the fold is %+v", c, got)
		}
	}
}

// TestPinned: a record between a fold's base and its slot may name what the fold
// has moved, and then the old segment stays; one that follows may not, nor one
// that did not when the fold before was new.
func TestPinned(t *testing.T) {
	m := newMemory()
	type logged struct {
		*Segment
		verdict error
	}
	put := func(slot uint64) *Tx {
		x := Extent{Block: &Block{Slot: slot}, Count: 1, Len: 9}
		if slot == 0 {
			x.Block = nil
		}
		return &Tx{Records: []Record{&Put{Tag: "v", Entry: Entry{Name: fmt.Sprint(slot), Size: 9, Recipe: Recipe{x}}}}}
	}
	s, log := NewState(id(1), 0, m), []logged(nil)
	commit := func(want error, txs ...*Tx) {
		t.Helper()
		n := s.N() + 1
		seg := &Segment{N: n, Batch: id(byte(n)), Txs: txs, Bases: make([]uint32, len(txs)), Block: &Block{Slot: n, Size: 99, Frames: []Frame{{0, 1, 6, 9, 9}}}}
		m.blocks[n] = seg.Block
		log = append(log, logged{seg, want})
		var v []Verdict
		if s, v = apply(t, s, seg); !errors.Is(v[0].Err, want) {
			t.Errorf("segment %d: verdict %v, want %v", n, v[0].Err, want)
		}
	}
	reload := func() {
		t.Helper()
		f := s.Fold()
		var err error
		if s, err = Load(t.Context(), m, f); err != nil {
			t.Fatal(err)
		}
		for _, seg := range log[f.Base:] {
			next, v := apply(t, s, seg.Segment)
			s = next
			if want := seg.verdict; !errors.Is(v[0].Err, want) && seg.N != f.Slot {
				t.Errorf("segment %d, again: verdict %v, want %v", seg.N, v[0].Err, want)
			}
		}
	}
	commit(nil, put(0)) // 1
	commit(nil, put(0))
	fold := &FoldRecord{Base: 2, Root: m.fold(t, s)}
	commit(nil, put(1))
	commit(nil, &Tx{Records: []Record{fold}}, put(2)) // 4
	reload()
	if !s.Pinned() || s.Fold().Slot != 4 {
		t.Errorf("pinned %v, fold %+v", s.Pinned(), s.Fold())
	}
	commit(ErrStale, put(2))
	commit(nil, put(3)) // 6
	fold = &FoldRecord{Base: 6, BuildsOn: 4, Root: m.fold(t, s)}
	commit(ErrStale, put(1)) // for the first fold's sake
	commit(nil, put(4))      // 8
	commit(nil, &Tx{Records: []Record{fold}})
	reload()
	if !s.Pinned() {
		t.Error("4 is not pinned")
	}
	fold = &FoldRecord{Base: 9, BuildsOn: 9, Root: m.fold(t, s)}
	commit(nil, &Tx{Records: []Record{fold}}) // 10
	reload()
	if s.Pinned() {
		t.Error("pinned, when nothing names what is embedded")
	}
	for r := range s.Embedded() {
		t.Errorf("%+v is embedded", r)
	}
}
