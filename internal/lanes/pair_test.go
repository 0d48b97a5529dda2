package lanes

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// pairs are a Pair of each kind.
func pairs() map[string]*Pair {
	all := map[string]*Pair{"apart": {md5: md5.New(), sha256: sha256.New()}, "chosen": NewPair()}
	if canFuse {
		all["fused"] = &Pair{fused: newFused()}
	}
	return all
}

func checkPair(t interface{ Errorf(string, ...any) }, name string, p *Pair, data []byte) {
	if got, want := p.MD5(), md5.Sum(data); !bytes.Equal(got, want[:]) {
		t.Errorf("%s: MD5 of %d bytes = %x, want %x", name, len(data), got, want)
	}
	if got, want := p.SHA256(), sha256.Sum256(data); !bytes.Equal(got, want[:]) {
		t.Errorf("%s: SHA-256 of %d bytes = %x, want %x", name, len(data), got, want)
	}
}

// TestPairLengths: every place at which the length may lie in the last block.
func TestPairLengths(t *testing.T) {
	data := make([]byte, 5*blockBytes)
	for i := range data {
		data[i] = byte(i*i + i>>3)
	}
	for n := range data {
		for name, p := range pairs() {
			_, _ = p.Write(data[:n])
			checkPair(t, name, p, data[:n])
		}
	}
}

// TestPair: both sums are those of the standard library, however the bytes
// come, and may be asked for in between.
func TestPair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := pairs()
		var data []byte
		for range rapid.IntRange(1, 8).Draw(t, "writes") {
			part := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "part")
			data = append(data, part...)
			for name, p := range all {
				if n, err := p.Write(part); n != len(part) || err != nil {
					t.Fatalf("%s: Write = %d, %v, want %d", name, n, err, len(part))
				}
				checkPair(t, name, p, data)
			}
		}
	})
}

// TestMD5: it is that of the standard library, with and without the instructions.
func TestMD5(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")
		for name, p := range map[string]*Pair{"apart": {md5: md5.New()}, "chosen": NewMD5()} {
			_, _ = p.Write(data)
			if got, want := p.MD5(), md5.Sum(data); !bytes.Equal(got, want[:]) {
				t.Errorf("%s: MD5 of %d bytes = %x, want %x", name, len(data), got, want)
			}
		}
	})
}

// TestPairBeside: what is written and what is summed beside it do not mix, whatever
// their lengths.
func TestPairBeside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := pairs()
		part := rapid.OneOf(rapid.SliceOfN(rapid.Byte(), 0, 200), rapid.SliceOfN(rapid.Byte(), 60, 66), rapid.SliceOfN(rapid.Byte(), 64*5, 64*6))
		var data []byte
		for range rapid.IntRange(1, 4).Draw(t, "writes") {
			more, parts := rapid.SliceOfN(rapid.Byte(), 0, 700).Draw(t, "data"), rapid.SliceOfN(part, 0, 5).Draw(t, "parts")
			data = append(data, more...)
			for name, p := range all {
				checkSums(t, name, p.WriteBeside(more, []Sum256{{1}}, parts...), parts)
				checkPair(t, name, p, data)
			}
		}
	})
}

func FuzzPair(f *testing.F) {
	f.Add([]byte("abc"), 1)
	f.Fuzz(func(t *testing.T, data []byte, at int) {
		if at < 0 || at > len(data) {
			return
		}
		for name, p := range pairs() {
			_, _ = p.Write(data[:at])
			_, _ = p.Write(data[at:])
			checkPair(t, name, p, data)
		}
	})
}

func BenchmarkPair(b *testing.B) {
	for _, size := range []int{1 << 10, 1 << 20} {
		data := make([]byte, size)
		b.Run(fmt.Sprint("pair/", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				p := NewPair()
				_, _ = p.Write(data)
				_, _ = p.MD5(), p.SHA256()
			}
		})
		b.Run(fmt.Sprint("beside/", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				p := NewPair()
				p.WriteBeside(data, nil, data[:size/2], data[size/2:])
				_, _ = p.MD5(), p.SHA256()
			}
		})
		b.Run(fmt.Sprint("MD5/", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				md5.Sum(data)
			}
		})
		b.Run(fmt.Sprint("SHA-256/", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				sha256.Sum256(data)
			}
		})
	}
}
