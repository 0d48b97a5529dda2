package journal

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"reflect"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files of formats that are new")

func sample() *Segment {
	s := &Segment{N: 0x1234, Epoch: 3, Time: 1_700_000_000_123,
		Txs: []Framed{{0, []byte("first")}, {2, []byte{}}, {300, bytes.Repeat([]byte("x"), 200)}}, Block: []byte("embedded")}
	for i := range s.Prev {
		s.Prev[i] = byte(i)
	}
	copy(s.Owner[:], "owner of the log")
	copy(s.Batch[:], "id of this batch")
	copy(s.Writer[:], "writer's process")
	return s
}

// golden compares b with the file of that name.
func golden(t *testing.T, name string, b []byte) {
	t.Helper()
	file, got := "testdata/"+name+".hex", hex.Dump(b)
	if _, err := os.Stat(file); *update && os.IsNotExist(err) {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: encoded is\n%swant\n%s", name, got, want)
	}
}

// TestGolden: what was written once is read for ever, and written the same.
func TestGolden(t *testing.T) {
	short := sample()
	short.Txs = short.Txs[:2]
	for name, s := range map[string]*Segment{"segment": sample(), "segment-plain": short, "segment-empty": {N: 1, Txs: []Framed{}, Block: []byte{}}} {
		b := s.Encode()
		golden(t, name, b)
		back, err := Decode(b)
		if err != nil || !reflect.DeepEqual(back, s) {
			t.Errorf("%s: Decode = %+v, %v, want %+v", name, back, err, s)
		}
		if got := b[s.Base:][:len(s.Block)]; !bytes.Equal(got, s.Block) {
			t.Errorf("%s: at Base stands %q", name, got)
		}
	}
}

// TestDamage: no bit of a segment can change, and none can be missing.
func TestDamage(t *testing.T) {
	b := sample().Encode()
	for i := range b {
		for bit := range 8 {
			bad := bytes.Clone(b)
			bad[i] ^= 1 << bit
			if _, err := Decode(bad); err == nil {
				t.Fatalf("decodes with bit %d of byte %d flipped", bit, i)
			}
		}
		if _, err := Decode(b[:i]); err == nil {
			t.Fatalf("the first %d of %d bytes decode", i, len(b))
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(sample().Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		// A fuzzer finds no SHA-256, so the sum is made right for it.
		if s, err := Decode(seal(b)); err == nil {
			again, err := Decode(s.Encode())
			if err != nil || !reflect.DeepEqual(again.Txs, s.Txs) || !bytes.Equal(again.Block, s.Block) {
				t.Errorf("%x: encodes and decodes to %+v, %v", b, again, err)
			}
		}
	})
}
