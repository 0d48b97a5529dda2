package checksum

import (
	"encoding/binary"
	"fmt"

	"aetherfs/internal/manifest"
)

// Composite returns S3's checksum of checksums: a over the parts' values of a,
// one after another. It is an error if a part has none.
func Composite(a Algorithm, parts []manifest.Part) (Checksum, error) {
	h := New(a)
	for i := range parts {
		value, err := ofPart(a, &parts[i])
		if err != nil {
			return Checksum{}, err
		}
		h.Write(value)
	}
	return Checksum{Algorithm: a, Value: h.Sum(nil), Parts: len(parts)}, nil
}

// Full returns a over the bytes of all parts in their order, found from the
// parts' values and sizes. It is an error if a is not a CRC or a part has no
// value of it.
func Full(a Algorithm, parts []manifest.Part) (Checksum, error) {
	if !Combines(a) {
		return Checksum{}, fmt.Errorf("%s of parts does not combine", Name(a))
	}
	c := newCombiner(lookup(a))
	for i := range parts {
		value, err := ofPart(a, &parts[i])
		if err != nil {
			return Checksum{}, err
		}
		c.add(number(value), parts[i].Size)
	}
	return Checksum{Algorithm: a, Value: bytesOf(c.crc, Size(a))}, nil
}

// ofPart returns the part's value of a.
func ofPart(a Algorithm, p *manifest.Part) ([]byte, error) {
	for _, c := range p.Checksums {
		if c.Algorithm == a && c.Parts == 0 && len(c.Value) == Size(a) {
			return c.Value, nil
		}
	}
	return nil, fmt.Errorf("part %d has no %s", p.Number, Name(a))
}

func number(value []byte) uint64 {
	var b [8]byte
	copy(b[8-len(value):], value)
	return binary.BigEndian.Uint64(b[:])
}

func bytesOf(crc uint64, size int) []byte {
	return binary.BigEndian.AppendUint64(nil, crc)[8-size:]
}
