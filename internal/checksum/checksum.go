// Package checksum is the checksum functions of S3 and their arithmetic over
// parts. It is pure.
//
//  1. Values are big-endian bytes, as each function's standard writes them.
//  2. The checksum of a file is found from those of its parts alone: Full gives
//     the value over all bytes, which only CRCs allow; Composite the value over
//     the parts' values.
package checksum

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"hash/crc32"
	"strings"

	"github.com/minio/crc64nvme"

	"aetherfs/internal/manifest"
)

// Algorithm names a function; Checksum is a value of one.
type (
	Algorithm = manifest.Algorithm
	Checksum  = manifest.Checksum
)

// The functions.
const (
	CRC32     = manifest.CRC32
	CRC32C    = manifest.CRC32C
	CRC64NVME = manifest.CRC64NVME
	SHA1      = manifest.SHA1
	SHA256    = manifest.SHA256
)

// function is what there is to know of one Algorithm.
type function struct {
	name string
	size int // bytes of a value
	new  func() hash.Hash
	poly uint64 // of a CRC: reflected, without the leading term; else 0
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// functions is indexed by Algorithm; the zero one is unknown.
var functions = [...]function{
	CRC32:     {"CRC32", 4, func() hash.Hash { return crc32.NewIEEE() }, crc32.IEEE},
	CRC32C:    {"CRC32C", 4, func() hash.Hash { return crc32.New(castagnoli) }, crc32.Castagnoli},
	CRC64NVME: {"CRC64NVME", 8, func() hash.Hash { return crc64nvme.New() }, crc64nvme.NVME},
	SHA1:      {"SHA1", sha1.Size, sha1.New, 0},
	SHA256:    {"SHA256", sha256.Size, sha256.New, 0},
}

// Algorithms returns all of them, ascending.
func Algorithms() []Algorithm {
	return []Algorithm{CRC32, CRC32C, CRC64NVME, SHA1, SHA256}
}

// Parse finds an algorithm by its name in any case, such as "CRC32C".
func Parse(name string) (Algorithm, bool) {
	for _, a := range Algorithms() {
		if strings.EqualFold(name, Name(a)) {
			return a, true
		}
	}
	return 0, false
}

// Known reports whether a is one of Algorithms.
func Known(a Algorithm) bool { return a > 0 && int(a) < len(functions) }

// Name is S3's name of a, which must be known.
func Name(a Algorithm) string { return lookup(a).name }

// Size is the length in bytes of a value of a, which must be known.
func Size(a Algorithm) int { return lookup(a).size }

// New returns a hash that computes a, which must be known.
func New(a Algorithm) hash.Hash { return lookup(a).new() }

// Combines reports whether Full can be used with a: whether it is a CRC.
func Combines(a Algorithm) bool { return Known(a) && functions[a].poly != 0 }

func lookup(a Algorithm) *function {
	if !Known(a) {
		panic(fmt.Sprintf("checksum: algorithm %d", a))
	}
	return &functions[a]
}
