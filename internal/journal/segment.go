package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrFormat: the bytes of a segment are damaged, or of a version that this
// AetherFS does not know.
var ErrFormat = errors.New("not a segment of a known format")

// The first bytes of a segment: magic, format version, suite (0: plain).
const (
	magic      = "AELG"
	version    = 1
	suitePlain = 0
)

const (
	headerBytes = len(magic) + 2 + 16 + 8 + sha256.Size + 16 + 16 + 8 + 8
	blockLen    = 4 // bytes of the embedded block's length
)

// MaxSegmentBytes bounds what is read into memory as one segment: one
// transaction of MaxTxBytes, and headers.
const MaxSegmentBytes = MaxTxBytes + 1<<20

// Segment is the content of a slot.
type Segment struct {
	Owner  [16]byte // the dataset; zero: the hub
	N      uint64   // the slot, from 1
	Prev   [32]byte // SHA-256 of segment N-1; zero before the first
	Batch  [16]byte // random, one for each attempt to commit a batch
	Writer [16]byte // random, one for each process
	Epoch  uint64   // of collection, as the writer knew it
	Time   int64    // Unix milliseconds, by the writer's clock
	Txs    []Framed
	Block  []byte // embedded; may be empty

	Base int64    // byte of the segment at which Block begins; set by Encode and Decode
	Sum  [32]byte // SHA-256 of all that is before it; set by Encode and Decode
}

// Framed is a transaction in a segment.
type Framed struct {
	First   uint32 // number of its first chunk in Block
	Payload []byte
}

// Encode returns the bytes of s, and sets Base and Sum.
func (s *Segment) Encode() []byte {
	codec, txs, plain := packTxs(s.Txs)
	b := make([]byte, 0, headerBytes+24+len(txs)+blockLen+len(s.Block)+sha256.Size)
	b = append(b, magic...)
	b = append(b, version, suitePlain)
	b = append(b, s.Owner[:]...)
	b = binary.BigEndian.AppendUint64(b, s.N)
	b = append(b, s.Prev[:]...)
	b = append(b, s.Batch[:]...)
	b = append(b, s.Writer[:]...)
	b = binary.BigEndian.AppendUint64(b, s.Epoch)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Time))
	b = append(b, codec)
	b = binary.AppendUvarint(b, uint64(plain))
	b = binary.AppendUvarint(b, uint64(len(txs)))
	b = append(b, txs...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(s.Block)))
	s.Base = int64(len(b))
	b = append(b, s.Block...)
	s.Sum = sha256.Sum256(b)
	return append(b, s.Sum[:]...)
}

// Decode returns the segment of which b is the bytes; it shares b's memory.
func Decode(b []byte) (*Segment, error) {
	if len(b) < headerBytes+3+blockLen+sha256.Size {
		return nil, fmt.Errorf("segment of %d bytes: %w", len(b), ErrFormat)
	}
	body, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	s := &Segment{Sum: sha256.Sum256(body)}
	if !bytes.Equal(s.Sum[:], sum) {
		return nil, fmt.Errorf("segment of %d bytes: its SHA-256 differs: %w", len(b), ErrFormat)
	}
	if string(body[:len(magic)]) != magic || body[4] != version || body[5] != suitePlain {
		return nil, fmt.Errorf("segment begins with %x: %w", body[:6], ErrFormat)
	}
	r := body[6:]
	take := func(n int) (v []byte) { v, r = r[:n], r[n:]; return v }
	copy(s.Owner[:], take(16))
	s.N = binary.BigEndian.Uint64(take(8))
	copy(s.Prev[:], take(32))
	copy(s.Batch[:], take(16))
	copy(s.Writer[:], take(16))
	s.Epoch = binary.BigEndian.Uint64(take(8))
	s.Time = int64(binary.BigEndian.Uint64(take(8)))
	var err error
	if s.Txs, r, err = unpackTxs(r); err != nil {
		return nil, fmt.Errorf("segment %d: %w", s.N, err)
	}
	if len(r) < blockLen || int64(binary.BigEndian.Uint32(r)) != int64(len(r)-blockLen) {
		return nil, fmt.Errorf("segment %d: length of its block: %w", s.N, ErrFormat)
	}
	s.Block = r[blockLen:]
	s.Base = int64(len(body) - len(s.Block))
	return s, nil
}
