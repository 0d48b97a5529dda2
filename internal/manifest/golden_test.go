package manifest

import (
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files of formats that are new")

func id(b byte) (v ID) {
	for i := range v {
		v[i] = b + byte(i)
	}
	return v
}

func digest(b byte) (v Digest) {
	for i := range v {
		v[i] = b ^ byte(i)
	}
	return v
}

// samples is one transaction of every kind of record, all fields in use.
func samples() map[string]*Tx {
	block := &Block{Name: digest(1), Size: 16 << 20, Trailer: 40_000}
	other := &Block{Name: digest(2), Size: 9000, Trailer: 300}
	recipe := Recipe{
		{Block: block, First: 3, Count: 70, Skip: 5, Len: 1 << 21, Off: 6, Stored: 1 << 20},
		{Block: nil, First: 0, Count: 1, Len: 900},
		{Block: &Block{Slot: 12}, First: 4, Count: 2, Len: 40_000},
		{Block: other, First: 0, Count: 1, Len: 1, Off: 6, Stored: 100},
		{Block: block, First: 80, Count: 1, Len: 7, Off: 1 << 20, Stored: 500},
	}
	attr := Attr{
		ContentType: "text/csv", ContentEncoding: "gzip", ContentLanguage: "de", ContentDisposition: "attachment",
		CacheControl: "max-age=60", Expires: "Thu, 01 Dec 2033 16:00:00 GMT",
		Meta: []KV{{"mtime", "1700000000.5"}, {"owner", "ü"}}, Tags: []KV{{"a", "b"}},
		Checksums: []Checksum{{CRC64NVME, []byte{1, 2, 3, 4, 5, 6, 7, 8}, 0}, {SHA256, make([]byte, 32), 3}},
	}
	part := Part{Number: 7, Size: recipe.Len(), ETag: strings.Repeat("ab", 16), Checksums: []Checksum{{CRC32, []byte{9, 8, 7, 6}, 0}}}
	cond := Cond{IfMatch: []string{"x", "*"}, IfNoneMatch: []string{"y"}}
	one := func(r Record) *Tx { return &Tx{Time: 1_700_000_000_123, Records: []Record{r}} }
	return map[string]*Tx{
		"put": one(&Put{Tag: "v1", Cond: cond, Entry: Entry{
			Name: "dir/ä b", Size: recipe.Len(), ETag: strings.Repeat("0f", 16) + "-12", Added: 77, Attr: attr, Recipe: recipe}}),
		"put-empty": one(&Put{Entry: Entry{Name: "k", ETag: "text"}}),
		"delete":    one(&Delete{Tag: "v1", Name: "n", Cond: cond}),
		"copy": one(&Copy{FromTag: "v1", FromName: "n", FromID: id(3), Tag: "v2", Name: "m", Cond: cond,
			NewAttr: true, NewTags: true, Attr: attr, Keep: true}),
		"upload":    one(&Upload{Tag: "v1", Name: "n", Attr: attr, Checksum: CRC32C, Full: true}),
		"add-part":  one(&AddPart{Tag: "v1", Name: "n", Upload: id(5), Part: part, Added: 8, Recipe: recipe}),
		"copy-part": one(&CopyPart{Tag: "v1", Name: "n", Upload: id(5), Part: part, FromTag: "v0", FromName: "m", FromID: id(6), Off: 9}),
		"complete": one(&Complete{Tag: "v1", Name: "n", Upload: id(5), Parts: []PartRef{{1, strings.Repeat("cd", 16)}, {3, "e"}},
			Checksums: attr.Checksums, Cond: cond}),
		"abort":    one(&Abort{Tag: "v1", Name: "n", Upload: id(5)}),
		"close":    one(&Close{}),
		"create":   one(&Create{Name: "maxmind", ID: id(8), Pool: "default"}),
		"drop":     one(&Drop{Name: "maxmind", ID: id(8)}),
		"fold":     one(&FoldRecord{Base: 1000, BuildsOn: 200, Root: digest(9)}),
		"put-key":  one(&PutKey{Key{Access: "AKEXAMPLE", Sealed: []byte{1, 2, 3}, Note: "backup job"}}),
		"drop-key": one(&DropKey{Access: "AKEXAMPLE"}),
		"settings": one(&SetSettings{Name: "maxmind", ID: id(8), Data: []byte(`{"http":{}}`)}),
		"several":  {Time: 5, Records: []Record{&Copy{FromName: "a", FromID: id(1), Name: "b"}, &Delete{Name: "a"}}},
	}
}

// TestGolden: what was written once is read for ever, and written the same.
func TestGolden(t *testing.T) {
	for name, tx := range samples() {
		golden(t, "tx-"+name+".hex", tx.Encode())
		back, err := DecodeTx(tx.Encode())
		if err != nil || !reflect.DeepEqual(back, tx) {
			t.Errorf("%s: DecodeTx = %+v, %v, want %+v", name, back, err, tx)
		}
	}
}

// golden compares bytes with those that were written once.
func golden(t *testing.T, file string, b []byte) {
	t.Helper()
	path, got := filepath.Join("testdata", file), hex.Dump(b)
	if _, err := os.Stat(path); *update && os.IsNotExist(err) {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: Encode =\n%swant\n%s", file, got, want)
	}
}

// TestCut: no prefix of a transaction is one, nor is one with a byte behind it.
func TestCut(t *testing.T) {
	for name, tx := range samples() {
		b := tx.Encode()
		for n := range b {
			if _, err := DecodeTx(b[:n]); err == nil {
				t.Errorf("%s: the first %d of %d bytes decode", name, n, len(b))
			}
		}
		if _, err := DecodeTx(append(b, 0)); err == nil {
			t.Errorf("%s: decodes with a byte behind it", name)
		}
	}
}

func FuzzDecodeTx(f *testing.F) {
	for _, tx := range samples() {
		f.Add(tx.Encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		tx, err := DecodeTx(b)
		if err != nil {
			return
		}
		again, err := DecodeTx(tx.Encode())
		if err != nil || !reflect.DeepEqual(again, tx) {
			t.Errorf("%x: decodes to %+v, encodes and decodes to %+v, %v", b, tx, again, err)
		}
	})
}
