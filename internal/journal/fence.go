package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// The first bytes of a fence: magic, then format version and suite as those of
// a segment.
const fenceMagic = "AEFN"

// fenceBytes is the size of every fence. No segment is as small.
const fenceBytes = len(fenceMagic) + 2 + 16 + 8 + sha256.Size + 8 + sha256.Size

// Fence stands in a slot whose segment was folded.
type Fence struct {
	Owner [16]byte // the dataset; zero: the hub
	N     uint64   // the slot
	Sum   [32]byte // Segment.Sum of the segment that was there
	Base  uint64   // of a checkpoint that covers the slot
}

// Encode returns the bytes of f.
func (f Fence) Encode() []byte {
	b := make([]byte, 0, fenceBytes)
	b = append(b, fenceMagic...)
	b = append(b, version, suitePlain)
	b = append(b, f.Owner[:]...)
	b = binary.BigEndian.AppendUint64(b, f.N)
	b = append(b, f.Sum[:]...)
	b = binary.BigEndian.AppendUint64(b, f.Base)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// DecodeFence returns the fence of which b is the bytes, or ErrFormat.
func DecodeFence(b []byte) (Fence, error) {
	if len(b) != fenceBytes {
		return Fence{}, fmt.Errorf("fence of %d bytes: %w", len(b), ErrFormat)
	}
	body, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if is := sha256.Sum256(body); !bytes.Equal(is[:], sum) {
		return Fence{}, fmt.Errorf("fence: its SHA-256 differs: %w", ErrFormat)
	}
	if string(body[:len(fenceMagic)]) != fenceMagic || body[4] != version || body[5] != suitePlain {
		return Fence{}, fmt.Errorf("fence begins with %x: %w", body[:6], ErrFormat)
	}
	var f Fence
	r := body[6:]
	take := func(n int) (v []byte) { v, r = r[:n], r[n:]; return v }
	copy(f.Owner[:], take(16))
	f.N = binary.BigEndian.Uint64(take(8))
	copy(f.Sum[:], take(32))
	f.Base = binary.BigEndian.Uint64(take(8))
	return f, nil
}

// isFence tells a fence from a segment, damaged or not, by the magic.
func isFence(b []byte) bool { return bytes.HasPrefix(b, []byte(fenceMagic)) }
