package main

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// content is a number of objects of one size that a row puts or gets.
type content struct {
	name  string // prefix of the keys; contents of different names have different bytes
	count int
	size  int    // bytes of each
	text  bool   // instead of noise
	of    string // name of the content that this is a copy of, if it is one
	shift bool   // one byte is inserted before each object
}

// key is that of an object; a folder has a thousand.
func (c content) key(i int) string { return fmt.Sprintf("%s/%03d/%06d", c.name, i/1000, i) }

func (c content) bytes() int64 { return int64(c.count) * int64(c.size) }

// source is the name of the content that has the bytes.
func (c content) source() string {
	if c.of != "" {
		return c.of
	}
	return c.name
}

// original is the content that c is a copy of.
func (c content) original() content {
	c.name, c.of, c.shift = c.source(), "", false
	return c
}

// corpus makes the bytes of contents before the clock starts. The same seed,
// round and name make the same bytes. Memory is used again: what bodies
// returned is valid until it is called for other bytes of the same size.
type corpus struct {
	seed   uint64
	arenas map[arena][]byte
	filled map[arena]string
	sums   map[string]uint32
}

// arena is a piece of memory for the objects of a content, each with room for
// a byte before it.
type arena struct {
	count, size int
}

func newCorpus(seed uint64) *corpus {
	return &corpus{seed: seed, arenas: map[arena][]byte{}, filled: map[arena]string{}, sums: map[string]uint32{}}
}

// bodies returns the objects of a content in a round.
func (p *corpus) bodies(c content, round int) [][]byte {
	a := arena{c.count, c.size}
	if p.arenas[a] == nil {
		p.arenas[a] = make([]byte, c.count*(1+c.size))
	}
	memory, name := p.arenas[a], fmt.Sprintf("%s in round %d", c.source(), round)
	if p.filled[a] != name {
		if c.text {
			writeText(memory, p.seed, name)
		} else {
			writeNoise(memory, p.seed, name)
		}
		p.filled[a] = name
	}
	objects := make([][]byte, c.count)
	for i := range objects {
		objects[i] = memory[i*(1+c.size) : (i+1)*(1+c.size)]
		if !c.shift {
			objects[i] = objects[i][1:]
		}
	}
	return objects
}

// learn remembers the checksums of objects that will be read.
func (p *corpus) learn(c content, objects [][]byte) {
	for i, object := range objects {
		p.sums[c.key(i)] = crc32.Checksum(object, castagnoli)
	}
}

// castagnoli is the cheapest checksum there is: processors have it.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// writeNoise fills b with bytes that cannot be compressed.
func writeNoise(b []byte, seed uint64, name string) {
	block, err := aes.NewCipher(binary.LittleEndian.AppendUint64(make([]byte, 8), seed))
	if err != nil {
		panic(err) // the key has 16 bytes
	}
	clear(b)
	cipher.NewCTR(block, streamID(name)).XORKeyStream(b, b)
}
