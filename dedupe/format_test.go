package dedupe

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"math"
	"os"
	"reflect"
	"testing"

	"aetherfs/internal/manifest"

	"pgregory.net/rapid"
)

// drawContents makes the contents of a block that could be.
func drawContents(t *rapid.T) *contents {
	c := &contents{}
	for range rapid.IntRange(0, 5).Draw(t, "frames") {
		d := &draft{
			n:       0,
			codec:   codec(rapid.IntRange(0, 1).Draw(t, "codec")),
			sum:     rapid.Uint64().Draw(t, "sum"),
			lens:    rapid.SliceOfN(rapid.Uint32Range(1, MaxFrameBytes/8), 1, 8).Draw(t, "lens"),
			digests: nil,
		}
		for _, n := range d.lens {
			d.n += int(n)
			sum := sha256.Sum256([]byte{byte(n)})
			d.digests = append(d.digests, sum[:]...)
		}
		stored := d.n
		if d.codec == codecZstd {
			stored = rapid.IntRange(1, d.n).Draw(t, "stored")
		}
		d.stored = make([]byte, stored)
		c.add(d)
	}
	return c
}

func TestTrailerRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawContents(t)
		front := []byte("frames")
		raw, name, n := c.appendTrailer(front, [nonceBytes]byte{9})
		if got := len(raw) - len(front); got > maxTrailer(len(c.frames), len(c.ends)) {
			t.Fatalf("%d bytes, bound %d", got, maxTrailer(len(c.frames), len(c.ends)))
		}
		raw = raw[len(front) : len(front)+n]
		if sha256.Sum256(raw) != name {
			t.Fatal("the name is not the trailer's digest")
		}
		b := &manifest.Block{Name: name, Size: c.storedEnd() + int64(n+footerBytes), Trailer: int64(n)}
		got, err := parseTrailer(b, raw)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.frames) > 0 && !reflect.DeepEqual(&got.contents, c) {
			t.Fatalf("parsed %+v, want %+v", got.contents, c)
		}
	})
}

// Every byte of a trailer counts: its digest is the block's name.
func TestTrailerDamage(t *testing.T) {
	raw, b := goldenTrailer(t)
	for i := range raw {
		bad := bytes.Clone(raw)
		bad[i] ^= 0x80
		if _, err := parseTrailer(b, bad); !errors.Is(err, ErrCorrupt) {
			t.Errorf("byte %d flipped: %v", i, err)
		}
		if _, err := parseTrailer(b, raw[:i]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
}

// goldenTrailer returns the trailer of the stored block of format 1.
func goldenTrailer(t testing.TB) ([]byte, *manifest.Block) {
	t.Helper()
	block, err := os.ReadFile("testdata/block-1")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := splitBlock("block-1", block)
	if err != nil {
		t.Fatal(err)
	}
	return raw, &manifest.Block{Name: sha256.Sum256(raw), Size: int64(len(block)), Trailer: int64(len(raw))}
}

// Blocks of format 1 can be read for ever, and what is written today can be
// read by those who read format 1.
func TestGoldenBlock(t *testing.T) {
	plain, shrinking := benchNoise(5000), bytes.Repeat([]byte("a line of text\n"), 3000)
	raw, b := goldenTrailer(t)
	tr, err := parseTrailer(b, raw)
	if err != nil {
		t.Fatal(err)
	}
	again, name, n := tr.appendTrailer(nil, [nonceBytes]byte(raw))
	if !bytes.Equal(again[:n], raw) || name != b.Name {
		t.Error("the trailer is written in other bytes today")
	}
	block, _ := os.ReadFile("testdata/block-1")
	c, err := newCoder(blockLevel, 1)
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	for i, f := range tr.frames {
		dst := make([]byte, f.plain)
		for _, v := range []Verify{ByCRC, ByDigest} {
			if err := c.decode(dst, block[f.off:f.off+int64(f.stored)], tr, i, v); err != nil {
				t.Fatal(err)
			}
		}
		got = append(got, dst...)
	}
	if want := append(plain, shrinking...); !bytes.Equal(got, want) {
		t.Errorf("block holds %d bytes that differ from the %d put in", len(got), len(want))
	}
	if tr.frames[0].codec != codecPlain || tr.frames[1].codec != codecZstd || len(tr.ends) != 3 {
		t.Errorf("frames %+v, %d chunks", tr.frames, len(tr.ends))
	}
}

// Lengths that nobody could store are refused before memory is taken for them.
func TestTrailerBoundsLengths(t *testing.T) {
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}
	raw := append(make([]byte, nonceBytes), huge...)
	if n := testing.AllocsPerRun(10, func() { _, _ = parseContents("test", raw) }); n > 20 {
		t.Errorf("%v allocations", n)
	}
	b := &manifest.Block{Name: sha256.Sum256(raw), Size: math.MaxInt64}
	if _, err := parseTrailer(b, raw); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a trailer with 2^64-1 frames: %v", err)
	}
}

func FuzzTrailer(f *testing.F) {
	raw, _ := goldenTrailer(f)
	f.Add(raw)
	f.Add(raw[:20])
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := parseContents("fuzz", raw)
		if err != nil {
			return
		}
		again, _, n := c.appendTrailer(nil, [nonceBytes]byte(raw))
		if !bytes.Equal(again[:n], raw) {
			t.Fatalf("%x parses, but is written as %x", raw, again[:n])
		}
		for i := range c.ends {
			if f := c.frameOf(i); c.frameStart(f) > c.chunkStart(i) || c.frameEnd(f) < c.ends[i] {
				t.Fatalf("chunk %d is not in its frame %d", i, f)
			}
		}
	})
}

func FuzzBlock(f *testing.F) {
	block, err := os.ReadFile("testdata/block-1")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(block)
	f.Fuzz(func(t *testing.T, block []byte) {
		raw, err := splitBlock("fuzz", block)
		if err != nil {
			return
		}
		b := &manifest.Block{Name: sha256.Sum256(raw), Size: int64(len(block)), Trailer: int64(len(raw))}
		tr, err := parseTrailer(b, raw)
		if err != nil {
			return
		}
		c, err := newCoder(blockLevel, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range tr.frames {
			_ = c.decode(make([]byte, f.plain), block[f.off:f.off+int64(f.stored)], tr, i, ByDigest)
		}
	})
}

func FuzzPlace(f *testing.F) {
	f.Add(appendPlace(nil, &manifest.Block{Size: 1 << 20, Trailer: 300}, 7))
	f.Fuzz(func(t *testing.T, v []byte) {
		b, n, ok := parsePlace(v)
		if ok && !bytes.Equal(appendPlace(nil, b, n), v) {
			t.Fatalf("%x parses as %+v, %d", v, b, n)
		}
	})
}
