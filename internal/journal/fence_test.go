package journal

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func sampleFence() Fence {
	f := Fence{N: 0x1234, Base: 0x2345}
	copy(f.Owner[:], "owner of the log")
	for i := range f.Sum {
		f.Sum[i] = byte(i)
	}
	return f
}

// TestFenceGolden: what was written once is read for ever, and written the same.
func TestFenceGolden(t *testing.T) {
	for name, f := range map[string]Fence{"fence": sampleFence(), "fence-hub": {N: 1, Base: 1}} {
		b := f.Encode()
		golden(t, name, b)
		if back, err := DecodeFence(b); err != nil || back != f {
			t.Errorf("%s: DecodeFence = %+v, %v, want %+v", name, back, err, f)
		}
		if len(b) != fenceBytes {
			t.Errorf("%s has %d bytes, want %d", name, len(b), fenceBytes)
		}
	}
	if b := (&Segment{}).Encode(); len(b) <= fenceBytes {
		t.Errorf("the least segment has %d bytes, no more than a fence", len(b))
	}
}

// TestFenceDamage: no bit of a fence can change, none can be missing, and one
// that was damaged is still no segment.
func TestFenceDamage(t *testing.T) {
	b := sampleFence().Encode()
	for i := range b {
		for bit := range 8 {
			bad := bytes.Clone(b)
			bad[i] ^= 1 << bit
			if _, err := DecodeFence(bad); err == nil {
				t.Fatalf("decodes with bit %d of byte %d flipped", bit, i)
			}
			if _, err := Decode(seal(bad)); err == nil {
				t.Fatalf("is a segment with bit %d of byte %d flipped", bit, i)
			}
		}
		if _, err := DecodeFence(b[:i]); err == nil {
			t.Fatalf("the first %d of %d bytes decode", i, len(b))
		}
	}
	if _, err := DecodeFence(append(b, 0)); err == nil {
		t.Error("decodes with a byte behind it")
	}
}

func FuzzDecodeFence(f *testing.F) {
	f.Add(sampleFence().Encode())
	f.Add((&Segment{}).Encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		// A fuzzer finds no SHA-256, so the sum is made right for it.
		b = seal(b)
		if fence, err := DecodeFence(b); err == nil && !bytes.Equal(fence.Encode(), b) {
			t.Errorf("%s\nencodes as\n%s", hex.Dump(b), hex.Dump(fence.Encode()))
		}
	})
}
