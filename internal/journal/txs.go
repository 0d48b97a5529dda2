package journal

import (
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Codecs of a segment's transactions.
const (
	codecPlain = 0
	codecZstd  = 1
)

// The coders are made at the program's start, as they hold channels that a test
// in a bubble of time must not make. EncodeAll and DecodeAll may be called
// concurrently. The default level takes names and block tables, which repeat
// from file to file, to about two thirds; stronger ones to hardly less.
var (
	encoder = newEncoder()
	decoder = must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(MaxSegmentBytes)))
)

func newEncoder() *zstd.Encoder {
	e := must(zstd.NewWriter(nil, zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true)))
	e.EncodeAll([]byte{0}, nil) // it makes its channel at the first use
	return e
}

// must panics: constant options that a library refuses are a bug of ours.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// packTxs returns the stored form of transactions, and the length of the plain
// one.
func packTxs(txs []Framed) (codec byte, stored []byte, plain int) {
	size := binary.MaxVarintLen64
	for _, t := range txs {
		size += len(t.Payload) + 2*binary.MaxVarintLen64
	}
	b := binary.AppendUvarint(make([]byte, 0, size), uint64(len(txs)))
	for _, t := range txs {
		b = binary.AppendUvarint(b, uint64(t.First))
		b = binary.AppendUvarint(b, uint64(len(t.Payload)))
		b = append(b, t.Payload...)
	}
	if z := encoder.EncodeAll(b, nil); len(z) < len(b) {
		return codecZstd, z, len(b)
	}
	return codecPlain, b, len(b)
}

// unpackTxs takes the transactions off r, and returns what is behind them.
func unpackTxs(r []byte) ([]Framed, []byte, error) {
	codec, r := r[0], r[1:]
	plain, ok1 := number(&r)
	size, ok2 := number(&r)
	if !ok1 || !ok2 || size > uint64(len(r)) || plain > MaxSegmentBytes {
		return nil, nil, fmt.Errorf("lengths of transactions: %w", ErrFormat)
	}
	b, rest := r[:size:size], r[size:]
	switch codec {
	case codecPlain:
	case codecZstd:
		var err error
		if b, err = decoder.DecodeAll(b, make([]byte, 0, plain)); err != nil {
			return nil, nil, fmt.Errorf("transactions: %w: %w", ErrFormat, err)
		}
	default:
		return nil, nil, fmt.Errorf("transactions in codec %d: %w", codec, ErrFormat)
	}
	if uint64(len(b)) != plain {
		return nil, nil, fmt.Errorf("transactions of %d bytes, announced were %d: %w", len(b), plain, ErrFormat)
	}
	txs, err := splitTxs(b)
	return txs, rest, err
}

// splitTxs splits the plain form.
func splitTxs(b []byte) ([]Framed, error) {
	count, ok := number(&b)
	if !ok || count > uint64(len(b)/2) {
		return nil, fmt.Errorf("count of transactions: %w", ErrFormat)
	}
	txs := make([]Framed, 0, count)
	for range count {
		first, ok1 := number(&b)
		size, ok2 := number(&b)
		if !ok1 || !ok2 || first > 1<<32-1 || size > uint64(len(b)) {
			return nil, fmt.Errorf("transaction %d: %w", len(txs), ErrFormat)
		}
		txs = append(txs, Framed{uint32(first), b[:size:size]})
		b = b[size:]
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%d bytes behind the transactions: %w", len(b), ErrFormat)
	}
	return txs, nil
}

// number takes a varint off b.
func number(b *[]byte) (uint64, bool) {
	v, n := binary.Uvarint(*b)
	if n <= 0 {
		return 0, false
	}
	*b = (*b)[n:]
	return v, true
}
