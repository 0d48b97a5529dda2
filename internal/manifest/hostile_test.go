package manifest

import (
	"errors"
	"math"
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
