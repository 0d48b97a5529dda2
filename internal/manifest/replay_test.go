package manifest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// names and tags that sort in unlike ways with and without their '/'.
var (
	someTags  = []string{"", "a", "a-", "a0", "b", "v1", "v1-rc"}
	someNames = []string{"", "x", "x/y", "/lead", "a", "é", "0"}
)

// model is the state as a plain map.
type model map[string]*Entry

func (m model) clone() model { return maps.Clone(m) }

// apply is the meaning of a record, written as plainly as possible; start is
// what was there before the transaction, next the id of what the record makes.
func (m model) apply(r Record, start model, time int64, next ID) error {
	set := func(key string, e *Entry) {
		e.Modified = time
		if old := m[key]; old != nil {
			e.Modified = max(time, old.Modified+1)
		}
		m[key] = e
	}
	switch r := r.(type) {
	case *Put:
		if len(r.Cond.IfNoneMatch) > 0 && m[KeyOf(r.Tag, r.Entry.Name)] != nil {
			return ErrPrecondition
		}
		e := r.Entry
		e.ID = next
		set(KeyOf(r.Tag, e.Name), &e)
	case *Delete:
		old := m[KeyOf(r.Tag, r.Name)]
		if len(r.Cond.IfMatch) > 0 && old == nil {
			return ErrNotFound
		}
		if len(r.Cond.IfMatch) > 0 && old.ETag != r.Cond.IfMatch[0] {
			return ErrPrecondition
		}
		delete(m, KeyOf(r.Tag, r.Name))
	case *Copy:
		from := start[KeyOf(r.FromTag, r.FromName)]
		if from == nil || from.ID != r.FromID {
			return ErrChanged
		}
		e := *from
		e.Name, e.ID = r.Name, next
		if KeyOf(r.FromTag, r.FromName) != KeyOf(r.Tag, r.Name) {
			e.Added = 0
		}
		set(KeyOf(r.Tag, r.Name), &e)
	}
	return nil
}

func drawRecord(t *rapid.T, m model) Record {
	tag, name := rapid.SampledFrom(someTags).Draw(t, "tag"), rapid.SampledFrom(someNames).Draw(t, "name")
	if tag == "" && name == "" {
		name = "n"
	}
	if tag == "" && strings.Contains(name, "/") && name[0] != '/' {
		name = "/" + name // no such key is in the root tag
	}
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		fromKey := "a/x"
		if keys := slices.Sorted(maps.Keys(m)); len(keys) > 0 {
			fromKey = rapid.SampledFrom(keys).Draw(t, "from")
		}
		from := ID{}
		if e := m[fromKey]; e != nil && rapid.Bool().Draw(t, "right id") {
			from = e.ID
		}
		ft, fn, ok := strings.Cut(fromKey, "/")
		if !ok || ft == "" {
			ft, fn = "", fromKey
		}
		return &Copy{FromTag: ft, FromName: fn, FromID: from, Tag: tag, Name: name}
	case 1:
		d := &Delete{Tag: tag, Name: name}
		if rapid.Bool().Draw(t, "conditional") {
			d.Cond.IfMatch = []string{fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "etag"))}
		}
		return d
	default:
		p := &Put{Tag: tag, Entry: Entry{Name: name, ETag: fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "etag")), Added: 3}}
		if rapid.Bool().Draw(t, "conditional") {
			p.Cond.IfNoneMatch = []string{"*"}
		}
		return p
	}
}

// fataler is a test, a fuzz target or a *rapid.T.
type fataler interface {
	Helper()
	Fatal(...any)
	Context() context.Context
}

// must returns v, unless err is set.
func must[V any](t fataler, v V, err error) V {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func apply(t fataler, s *State, seg *Segment) (*State, []Verdict) {
	t.Helper()
	next, v, err := s.Apply(t.Context(), seg)
	if err != nil {
		t.Fatal(err)
	}
	return next, v
}

func entry(t fataler, s *State, tag, name string) *Entry {
	t.Helper()
	e, err := s.Entry(t.Context(), tag, name)
	return must(t, e, err)
}

func dump(t fataler, s *State, from string) (keys []string, entries []*Entry) {
	for e, err := range s.Keys(t.Context(), from) {
		must(t, e, err)
		keys = append(keys, KeyOf(e.Tag, e.Name))
		entries = append(entries, e.Entry)
	}
	return keys, entries
}

// TestReplay: random transactions give what the model gives, verdicts
// included; older states stay as they were; counts agree.
func TestReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, m := NewState(ID{}, 0, nil), model{}
		type past struct {
			s *State
			m model
		}
		var history []past
		for n := range rapid.IntRange(1, 12).Draw(t, "segments") {
			seg := &Segment{N: uint64(n + 1), Batch: id(byte(n))}
			var want []error
			for i := range rapid.IntRange(1, 4).Draw(t, "transactions") {
				tx := &Tx{Time: int64(rapid.IntRange(0, 50).Draw(t, "time"))}
				trial, verdict := m.clone(), error(nil)
				for k := range rapid.IntRange(1, 3).Draw(t, "records") {
					r := drawRecord(t, trial)
					tx.Records = append(tx.Records, r)
					if verdict == nil {
						verdict = trial.apply(r, m, tx.Time, (&replay{seg: seg, tx: i, record: k}).newID())
					}
				}
				if verdict == nil {
					m = trial
				}
				seg.Txs, want = append(seg.Txs, tx), append(want, verdict)
			}
			next, verdicts := apply(t, s, seg)
			for i, v := range verdicts {
				if !errors.Is(v.Err, want[i]) {
					t.Fatalf("segment %d, transaction %d: verdict %v, want %v", n+1, i, v.Err, want[i])
				}
			}
			s = next
			history = append(history, past{s, m.clone()})
		}
		for _, h := range history {
			from := rapid.SampledFrom([]string{"", "a", "a/", "a/x", "a/z", "a-", "v1", "v1-rc/", "/", "zz"}).Draw(t, "listed from")
			checkState(t, h.s, h.m, from)
		}
	})
}

func checkState(t *rapid.T, s *State, m model, from string) {
	want := slices.DeleteFunc(slices.Sorted(maps.Keys(m)), func(k string) bool { return k < from })
	keys, entries := dump(t, s, from)
	if !slices.Equal(keys, want) {
		t.Fatalf("state %d lists %q from %q, want %q", s.N(), keys, from, want)
	}
	for i, e := range entries {
		if w := m[keys[i]]; e.ID != w.ID || e.Modified != w.Modified || e.Name != w.Name {
			t.Fatalf("%q holds %+v, want %+v", keys[i], e, w)
		}
	}
	files, added, wantAdded := 0, int64(0), int64(0)
	for tag, err := range s.Tags(t.Context()) {
		must(t, tag, err)
		files += int(tag.Files)
		added += tag.Added
	}
	for _, e := range m {
		wantAdded += e.Added
	}
	if files != len(m) || added != wantAdded || s.Files() != int64(len(m)) {
		t.Fatalf("tags count %d files, %d bytes added, want %d and %d", files, added, len(m), wantAdded)
	}
}

// TestSlice: a slice of a recipe names just the bytes asked for.
func TestSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Recipe
		type at struct{ extent, byte int64 }
		var flat []at
		for i := range rapid.IntRange(1, 5).Draw(t, "extents") {
			n := rapid.Int64Range(1, 9).Draw(t, "len")
			skip := rapid.Int64Range(0, 3).Draw(t, "skip")
			r = append(r, Extent{First: uint32(i), Count: 1, Skip: skip, Len: n})
			for b := range n {
				flat = append(flat, at{int64(i), skip + b})
			}
		}
		off := rapid.IntRange(0, len(flat)).Draw(t, "off")
		n := rapid.IntRange(0, len(flat)-off).Draw(t, "n")
		var got []at
		for _, x := range r.Slice(int64(off), int64(n)) {
			for b := range x.Len {
				got = append(got, at{int64(x.First), x.Skip + b})
			}
		}
		if !slices.Equal(got, flat[off:off+n]) {
			t.Fatalf("Slice(%d, %d) = %v, want %v", off, n, got, flat[off:off+n])
		}
	})
}

func apply1(t *testing.T, s *State, seg *Segment) (*State, Verdict) {
	t.Helper()
	seg.N = s.N() + 1
	next, v := apply(t, s, seg)
	return next, v[0]
}

// TestUpload follows one upload through its life.
func TestUpload(t *testing.T) {
	const mib = 1 << 20
	// made is the id of what a step makes: its segment's batch is its number.
	made := func(step byte) ID { return (&replay{seg: &Segment{Batch: ID{step}}}).newID() }
	block := &Block{Name: digest(9), Size: 64 * mib, Trailer: 9}
	recipe := func(n int64) Recipe { return Recipe{{Block: block, Count: 1, Len: n, Stored: n}} }
	part := func(number int, size int64) *AddPart {
		return &AddPart{Tag: "v", Name: "f", Upload: made(1), Part: Part{Number: number, Size: size, ETag: fmt.Sprintf("%032x", number)}, Added: size, Recipe: recipe(size)}
	}
	complete := func(numbers ...int) *Complete {
		c := &Complete{Tag: "v", Name: "f", Upload: made(1)}
		for _, n := range numbers {
			c.Parts = append(c.Parts, PartRef{n, fmt.Sprintf("%032x", n)})
		}
		return c
	}
	steps := []struct {
		record Record
		want   error
	}{
		{part(1, 5*mib), ErrNoUpload},
		{&Upload{Tag: "v", Name: "f", Attr: Attr{ContentType: "x/y"}}, nil},
		{part(3, 7), nil},
		{part(1, 5*mib), nil},
		{part(2, 5*mib-1), nil},
		{complete(), ErrInvalidPart},
		{complete(1, 4), ErrInvalidPart},
		{complete(1, 1), ErrInvalidPart},
		{complete(1, 2, 3), ErrPartTooSmall},
		{part(2, 6*mib), nil},
		{&Complete{Tag: "v", Name: "f", Upload: made(1), Parts: []PartRef{{1, "other"}}}, ErrInvalidPart},
		{complete(1, 2, 3), nil},
		{complete(1, 2, 3), ErrNoUpload},
		{&Abort{Tag: "v", Name: "f", Upload: made(1)}, ErrNoUpload},
		{&CopyPart{Tag: "v", Name: "g", Upload: made(15), Part: Part{Number: 1, Size: 9}, FromTag: "v", FromName: "f", FromID: made(11)}, ErrNoUpload},
		{&Upload{Tag: "v", Name: "g"}, nil},
		{&CopyPart{Tag: "v", Name: "g", Upload: made(15), Part: Part{Number: 1, Size: 9}, FromTag: "v", FromName: "f", FromID: id(8)}, ErrChanged},
		{&CopyPart{Tag: "v", Name: "g", Upload: made(15), Part: Part{Number: 1, Size: 9}, FromTag: "v", FromName: "f", FromID: made(11), Off: 11*mib - 1}, ErrInvalidPart},
		{&CopyPart{Tag: "v", Name: "g", Upload: made(15), Part: Part{Number: 1, Size: 9, ETag: "e"}, FromTag: "v", FromName: "f", FromID: made(11), Off: 5*mib - 4}, nil},
		{&Abort{Tag: "v", Name: "g", Upload: made(15)}, nil},
		{&Close{}, ErrNotEmpty},
		{&Delete{Tag: "v", Name: "f"}, nil},
		{&Close{}, nil},
		{&Delete{Tag: "v", Name: "f"}, ErrClosed},
	}
	s := NewState(ID{}, 0, nil)
	for i, step := range steps {
		var v Verdict
		s, v = apply1(t, s, &Segment{Batch: ID{byte(i)}, Txs: []*Tx{{Time: int64(i), Records: []Record{step.record}}}})
		if !errors.Is(v.Err, step.want) {
			t.Fatalf("step %d, %T: verdict %v, want %v", i, step.record, v.Err, step.want)
		}
		if c, ok := step.record.(*Complete); ok && step.want == nil {
			e := v.Results[0].Entry
			if e.Size != 11*mib+7 || e.Recipe.Len() != e.Size || len(e.Parts) != 3 || !strings.HasSuffix(e.ETag, "-3") ||
				e.Added != e.Size || e.Upload != c.Upload || e.Attr.ContentType != "x/y" {
				t.Fatalf("completed entry is %+v", e)
			}
		}
		if _, ok := step.record.(*CopyPart); ok && step.want == nil {
			u, _ := s.Upload(t.Context(), "v", "g", made(15))
			p, _ := u.parts.get(t.Context(), nil, partKey(1))
			if p.recipe.Len() != 9 || len(p.recipe) != 2 || p.recipe[1].Len != 5 {
				t.Fatalf("copied part's recipe is %+v", p.recipe)
			}
		}
	}
	if !s.Closed() {
		t.Error("log is open after a Close that succeeded")
	}
}

// TestSmall: small data is found in the segment that brought it, also from
// records that follow, and nowhere else.
func TestSmall(t *testing.T) {
	own := &Block{Slot: 1, Size: 100, Frames: []Frame{{0, 2, 6, 30, 60}, {2, 1, 36, 10, 20}}}
	put := func(name string, x Extent) *Tx {
		return &Tx{Records: []Record{&Put{Tag: "v", Entry: Entry{Name: name, Size: x.Len, Recipe: Recipe{x}}}}}
	}
	s, v := apply(t, NewState(ID{}, 0, nil), &Segment{N: 1, Block: own, Bases: []uint32{0, 1, 2}, Txs: []*Tx{
		put("first", Extent{Count: 1, Len: 30}),
		put("both frames", Extent{Count: 2, Len: 50}),
		put("too many", Extent{Count: 2, Len: 50}),
	}})
	if v[0].Err != nil || v[1].Err != nil || !errors.Is(v[2].Err, ErrStale) {
		t.Fatalf("verdicts %v", v)
	}
	x := entry(t, s, "v", "both frames").Recipe[0]
	if x.Block != own || x.First != 1 || x.Off != 6 || x.Stored != 40 {
		t.Errorf("extent is %+v", x)
	}
	if got := entry(t, s, "v", "first"); got.Added != 15 {
		t.Errorf("added = %d, want the half of a frame of 30 bytes", got.Added)
	}
	s, v = apply(t, s, &Segment{N: 2, Bases: []uint32{0, 0, 0}, Txs: []*Tx{
		put("again", Extent{Block: &Block{Slot: 1}, First: 2, Count: 1, Len: 20}),
		put("no such slot", Extent{Block: &Block{Slot: 7}, Count: 1, Len: 20}),
		put("itself", Extent{Block: &Block{Slot: 2}, Count: 1, Len: 20}),
	}})
	if v[0].Err != nil || !errors.Is(v[1].Err, ErrStale) || !errors.Is(v[2].Err, ErrStale) {
		t.Fatalf("verdicts %v", v)
	}
	if x := entry(t, s, "v", "again").Recipe[0]; x.Block != own || x.Off != 36 || x.Stored != 10 {
		t.Errorf("extent is %+v", x)
	}
}

// TestHub: names are unique while they are in use, and a Drop must mean the
// dataset that has the name.
func TestHub(t *testing.T) {
	steps := []struct {
		record Record
		want   error
	}{
		{&Create{Name: "b", ID: id(1)}, nil},
		{&Create{Name: "b", ID: id(2)}, ErrExists},
		{&Create{Name: "a", ID: id(3)}, nil},
		{&Drop{Name: "b", ID: id(2)}, ErrNoDataset},
		{&Drop{Name: "b", ID: id(1)}, nil},
		{&Drop{Name: "b", ID: id(1)}, ErrNoDataset},
		{&Create{Name: "b", ID: id(4)}, nil},
		{&Close{}, ErrFormat},
		{&PutKey{Key{Access: "k2", Sealed: []byte("s"), Note: "n"}}, nil},
		{&PutKey{Key{Access: "k1"}}, nil},
		{&PutKey{Key{Access: "k2"}}, ErrExists},
		{&DropKey{"k1"}, nil},
		{&DropKey{"k1"}, ErrNoKey},
		{&FoldRecord{Base: 1, BuildsOn: 3}, ErrFold},
		{&FoldRecord{Base: 9}, nil},
		{&FoldRecord{Base: 10}, ErrFold},
	}
	h := NewHub()
	for i, step := range steps {
		next, v, _ := h.Apply(t.Context(), &Segment{N: h.N() + 1, Txs: []*Tx{{Time: 77, Records: []Record{step.record}}}})
		if !errors.Is(v[0].Err, step.want) {
			t.Errorf("step %d: verdict %v, want %v", i, v[0].Err, step.want)
		}
		h = next
	}
	k := h.Key("k2")
	if all := slices.Collect(h.Keys()); len(all) != 1 || all[0] != k || string(k.Sealed) != "s" || k.Note != "n" || k.Created != 77 {
		t.Errorf("keys %v, k2 is %+v", all, k)
	}
	if n, _ := h.Tail(); n != len(steps) || h.Fold().Slot != 15 || h.Fold().Base != 9 {
		t.Errorf("%d records, fold %+v", n, h.Fold())
	}
	var names []string
	for d := range h.Datasets() {
		names = append(names, d.Name)
	}
	if !slices.Equal(names, []string{"a", "b"}) || h.Dataset("b").ID != id(4) {
		t.Errorf("datasets %v, b is %v", names, h.Dataset("b"))
	}
}
