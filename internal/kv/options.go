package kv

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// Badger's own defaults take half a gigabyte.
const (
	memTables     = 1        // full ones that wait to be written, beside the one being filled
	vlogFileBytes = 16 << 20 // hardly used: all values lie in the tree

	// DefaultMemory is Options.Memory where it is 0.
	DefaultMemory = 64 << 20
	leastMemory   = 8 << 20
)

// sizes are shares of Options.Memory.
type sizes struct {
	memTable   int64 // of one memory table, which takes as much again of a mapped file
	indexCache int64
	maxValue   int64 // a longer one is dropped: Badger takes at most 15 % of a memory table
}

func sizesFor(memory int64) sizes {
	if memory == 0 {
		memory = DefaultMemory
	}
	memory = min(max(memory, leastMemory), DefaultMemory)
	return sizes{memTable: memory / 8, indexCache: memory / 8, maxValue: memory / 64}
}

// sized returns the options for Badger in dir.
func sized(dir string, z sizes, log *slog.Logger) badger.Options {
	o := badger.DefaultOptions(dir)
	o.Logger = logger{log}
	o.MemTableSize = z.memTable
	o.NumMemtables = memTables
	o.BlockCacheSize = 0 // blocks are mapped and not compressed
	o.IndexCacheSize = z.indexCache
	o.ValueLogFileSize = vlogFileBytes
	o.ValueThreshold = z.maxValue
	o.NumCompactors = 2
	o.NumGoroutines = 2
	o.MetricsEnabled = false
	o.DetectConflicts = false // one writer
	o.Compression = options.None
	o.ChecksumVerificationMode = options.OnBlockRead
	return o
}

// logger passes Badger's errors on. Its warnings are about its own tuning.
type logger struct{ log *slog.Logger }

func (l logger) Errorf(f string, a ...any) { l.log.Error("badger: " + line(f, a)) }

func (l logger) Warningf(f string, a ...any) { l.log.Debug("badger: " + line(f, a)) }

func (l logger) Infof(string, ...any) {}

func (l logger) Debugf(string, ...any) {}

func line(f string, a []any) string { return strings.TrimSpace(fmt.Sprintf(f, a...)) }
