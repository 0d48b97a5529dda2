package checksum_test

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"aetherfs/internal/checksum"
	"aetherfs/internal/manifest"
)

// The CRC catalogue's check values, and FIPS 180's for the digests of "abc".
func TestKnownValues(t *testing.T) {
	for _, tt := range []struct {
		algorithm checksum.Algorithm
		name      string
		input     string
		want      string
	}{
		{checksum.CRC32, "CRC32", "123456789", "cbf43926"},
		{checksum.CRC32C, "CRC32C", "123456789", "e3069283"},
		{checksum.CRC64NVME, "CRC64NVME", "123456789", "ae8b14860a799888"},
		{checksum.SHA1, "SHA1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{checksum.SHA256, "SHA256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	} {
		if got := hex.EncodeToString(sum(tt.algorithm, []byte(tt.input))); got != tt.want {
			t.Errorf("%s(%q) = %s, want %s", tt.name, tt.input, got, tt.want)
		}
		if got := checksum.Name(tt.algorithm); got != tt.name {
			t.Errorf("Name(%d) = %s, want %s", tt.algorithm, got, tt.name)
		}
		if got := checksum.Size(tt.algorithm); got != len(tt.want)/2 {
			t.Errorf("Size(%s) = %d, want %d", tt.name, got, len(tt.want)/2)
		}
		got, ok := checksum.Parse(strings.ToLower(tt.name))
		if got != tt.algorithm || !ok {
			t.Errorf("Parse(%s) = %d, %v, want %d", strings.ToLower(tt.name), got, ok, tt.algorithm)
		}
	}
}

func TestUnknown(t *testing.T) {
	for _, name := range []string{"", "MD5", "CRC", "CRC32 "} {
		if a, ok := checksum.Parse(name); ok {
			t.Errorf("Parse(%q) = %d, want none", name, a)
		}
	}
	for _, a := range []checksum.Algorithm{0, 6, 255} {
		if checksum.Known(a) || checksum.Combines(a) {
			t.Errorf("algorithm %d is known", a)
		}
	}
}

// TestFull cuts random bytes into random parts: the combined CRC must be that
// of the whole.
func TestFull(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		data := randomBytes(rnd, rnd.IntN(20_000))
		parts := cut(rnd, data)
		for _, a := range checksum.Algorithms() {
			got, err := checksum.Full(a, parts)
			if !checksum.Combines(a) {
				if err == nil {
					t.Errorf("Full(%s) combined a digest", checksum.Name(a))
				}
				continue
			}
			if err != nil {
				t.Fatalf("Full(%s): %v", checksum.Name(a), err)
			}
			if want := sum(a, data); !bytes.Equal(got.Value, want) || got.Parts != 0 || got.Algorithm != a {
				t.Fatalf("Full(%s) of %d parts = %+v, want %x", checksum.Name(a), len(parts), got, want)
			}
		}
	}
}

// Parts longer than any buffer: the CRC of a run of zeros, doubled by combining,
// against zeros that were hashed.
func TestFullLong(t *testing.T) {
	const n = 1 << 20
	for _, a := range []checksum.Algorithm{checksum.CRC32, checksum.CRC32C, checksum.CRC64NVME} {
		run := part(1, make([]byte, n))
		got, err := checksum.Full(a, []manifest.Part{run, run, run, run})
		if err != nil {
			t.Fatalf("Full(%s): %v", checksum.Name(a), err)
		}
		if want := sum(a, make([]byte, 4*n)); !bytes.Equal(got.Value, want) {
			t.Errorf("Full(%s) = %x, want %x", checksum.Name(a), got.Value, want)
		}
	}
}

func TestComposite(t *testing.T) {
	parts := []manifest.Part{part(1, []byte("one")), part(2, []byte("two"))}
	for _, a := range checksum.Algorithms() {
		got, err := checksum.Composite(a, parts)
		if err != nil {
			t.Fatalf("Composite(%s): %v", checksum.Name(a), err)
		}
		want := sum(a, append(sum(a, []byte("one")), sum(a, []byte("two"))...))
		if !bytes.Equal(got.Value, want) || got.Parts != 2 {
			t.Errorf("Composite(%s) = %x of %d parts, want %x of 2", checksum.Name(a), got.Value, got.Parts, want)
		}
	}
}

func TestPartWithoutChecksum(t *testing.T) {
	lacks := part(2, []byte("two"))
	lacks.Checksums = lacks.Checksums[1:]
	parts := []manifest.Part{part(1, []byte("one")), lacks}
	if _, err := checksum.Full(checksum.CRC32, parts); err == nil {
		t.Error("Full made a CRC32 of a part without one")
	}
	if _, err := checksum.Composite(checksum.CRC32, parts); err == nil {
		t.Error("Composite made a CRC32 of a part without one")
	}
}

func sum(a checksum.Algorithm, data []byte) []byte {
	h := checksum.New(a)
	h.Write(data)
	return h.Sum(nil)
}

// part returns a part that holds data, with a checksum of every kind.
func part(number int, data []byte) manifest.Part {
	p := manifest.Part{Number: number, Size: int64(len(data))}
	for _, a := range checksum.Algorithms() {
		p.Checksums = append(p.Checksums, checksum.Checksum{Algorithm: a, Value: sum(a, data)})
	}
	return p
}

// cut divides data into parts, some of them empty and some of equal size.
func cut(rnd *rand.Rand, data []byte) []manifest.Part {
	var parts []manifest.Part
	size := 0
	for len(data) > 0 {
		if rnd.IntN(3) > 0 {
			size = rnd.IntN(len(data) + 1)
		}
		n := min(size, len(data))
		parts = append(parts, part(len(parts)+1, data[:n]))
		data = data[n:]
	}
	return parts
}

func randomBytes(rnd *rand.Rand, n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(rnd.Uint32())
	}
	return data
}

func BenchmarkFull(b *testing.B) {
	var parts []manifest.Part
	for i := range 10_000 {
		p := part(i+1, []byte{1})
		p.Size = 5<<30 - int64(i) // all different: the slowest case
		parts = append(parts, p)
	}
	for b.Loop() {
		if _, err := checksum.Full(checksum.CRC64NVME, parts); err != nil {
			b.Fatal(err)
		}
	}
}
