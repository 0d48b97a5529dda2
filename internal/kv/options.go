package kv

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// Badger's own defaults take half a gigabyte. These keep it to some tens of
// megabytes.
const (
	memTableBytes   = 8 << 20 // two of them; also bounds a value, see MaxValueBytes
	memTables       = 2
	indexCacheBytes = 8 << 20
	vlogFileBytes   = 16 << 20 // hardly used: all values lie in the tree

	// MaxValueBytes is the longest value that is kept; a longer one is
	// dropped. Badger takes at most 15 % of a memory table.
	MaxValueBytes = 1 << 20
)

// sized returns the options for Badger in dir.
func sized(dir string, log *slog.Logger) badger.Options {
	o := badger.DefaultOptions(dir)
	o.Logger = logger{log}
	o.MemTableSize = memTableBytes
	o.NumMemtables = memTables
	o.BlockCacheSize = 0 // blocks are mapped and not compressed
	o.IndexCacheSize = indexCacheBytes
	o.ValueLogFileSize = vlogFileBytes
	o.ValueThreshold = MaxValueBytes
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
