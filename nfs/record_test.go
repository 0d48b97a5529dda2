package nfs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// However a record is cut, and its bytes come, it is whole again.
func TestRecordsAreJoined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 300), 1, 8).Draw(t, "records")
		var stream bytes.Buffer
		for _, record := range records {
			stream.Write(fragments(record, rapid.IntRange(1, maxFragments).Draw(t, "fragments")))
		}
		in := iotest.OneByteReader(&stream)
		for _, want := range records {
			if got, err := readRecord(in); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("record is %x, %v, want %x", got, err, want)
			}
		}
	})
}

func TestRecordsAreBounded(t *testing.T) {
	var empty []byte // fragments without an end
	for range 2 * maxFragments {
		empty = append(empty, words(0)...)
	}
	half := append(words(maxRecordBytes/2+1), make([]byte, maxRecordBytes/2+1)...)
	for _, c := range []struct {
		name   string
		stream []byte
		want   error
	}{
		{"1 GiB announced", append(words(1<<30|lastFragment), make([]byte, 44)...), errRecord},
		{"2 GiB announced", append(words(1<<31-1), make([]byte, 44)...), errRecord},
		{"a byte too many", append(words(maxRecordBytes+1|lastFragment), make([]byte, maxRecordBytes+1)...), errRecord},
		{"too many in two fragments", append(half, half...), errRecord},
		{"fragments without end", empty, errRecord},
		{"cut mark", []byte{0x80, 0}, io.ErrUnexpectedEOF},
		{"cut fragment", append(words(8|lastFragment), 1), io.ErrUnexpectedEOF},
		{"cut between fragments", append(words(4), 1, 2, 3, 4), io.ErrUnexpectedEOF},
	} {
		if record, err := readRecord(bytes.NewReader(c.stream)); !errors.Is(err, c.want) {
			t.Errorf("%s: record of %d bytes, %v, want %v", c.name, len(record), err, c.want)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(marked(callBytes(1, nfsProgram, 3, 0)))
	f.Add(append(words(1<<30|lastFragment), make([]byte, 44)...))
	f.Add(fragments(callBytes(1, nfsProgram, 3, 1), 3))
	f.Fuzz(func(t *testing.T, stream []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		in := bytes.NewReader(stream)
		record, err := readRecord(in)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 8*maxRecordBytes {
			t.Errorf("%d bytes take %d bytes of memory", len(stream), took)
		}
		if err == nil && len(record) > len(stream)-in.Len()-markBytes {
			t.Errorf("record of %d bytes out of a stream of %d", len(record), len(stream)-in.Len())
		}
		if err == nil && len(stream) >= markBytes && binary.BigEndian.Uint32(stream)&lastFragment != 0 && !bytes.Equal(marked(record), stream[:len(stream)-in.Len()]) {
			t.Errorf("record is %x, out of %x", record, stream)
		}
	})
}
