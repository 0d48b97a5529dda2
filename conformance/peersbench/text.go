package main

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"strings"
)

// streamID makes a name the start of a stream of its own.
func streamID(name string) []byte {
	sum := sha256.Sum256([]byte(name))
	return sum[:aesBlock]
}

const aesBlock = 16 // bytes

var logWords = strings.Fields(`accepted after again batch before bucket cache client closed commit connection copied
	could deadline delayed device disk done error expired failed file finished flushed found from gateway index into
	invalid job key later limit listed lock memory missing moved network not object opened page part queue range read
	ready received record refused region removed request retry sent server session shard skipped slow started stopped
	store stream sync table thread timeout token took unknown until updated upload user value version waited worker wrote`)

// writeText fills b with lines like those of a program's log.
func writeText(b []byte, seed uint64, name string) {
	rng := rand.New(rand.NewPCG(seed, binary.LittleEndian.Uint64(streamID(name))))
	line := make([]byte, 0, 512)
	for at := uint64(1_700_000_000_000); len(b) > 0; {
		at += rng.Uint64N(50)
		line = appendLine(line[:0], rng, at)
		b = b[copy(b, line):]
	}
}

// appendLine appends a line of the moment at, in milliseconds.
func appendLine(b []byte, rng *rand.Rand, at uint64) []byte {
	b = strconv.AppendUint(b, at, 10)
	b = append(b, " level="...)
	b = append(b, [...]string{"debug", "info", "info", "info", "warn"}[rng.IntN(5)]...)
	b = append(b, " request="...)
	b = strconv.AppendUint(b, rng.Uint64()>>32, 16)
	b = append(b, " bytes="...)
	b = strconv.AppendUint(b, rng.Uint64N(1<<20), 10)
	b = append(b, " message=\""...)
	for range 6 + rng.IntN(8) {
		b = append(b, logWords[rng.IntN(len(logWords))]...)
		b = append(b, ' ')
	}
	return append(b, "\"\n"...)
}
