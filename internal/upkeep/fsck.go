package upkeep

import (
	"context"
	"strconv"
	"strings"
	"unicode"

	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
)

// Problem is something in the store that is not as it has to be.
type Problem struct {
	Dataset   string // "" is the hub
	Tag, Path string // of the file that cannot be read; "" where more than files are concerned
	Err       error
}

// String tells the problem in one line.
func (p Problem) String() string {
	what := strings.ReplaceAll(p.Err.Error(), "\n", "; ")
	switch {
	case p.Dataset == "":
		return "the hub: " + what
	case p.Path == "":
		return p.Dataset + ": " + what
	}
	key := manifest.KeyOf(p.Tag, p.Path)
	if strings.ContainsFunc(key, func(c rune) bool { return !unicode.IsPrint(c) }) {
		key = strconv.Quote(key) // it would be more than a line, or more than text
	}
	return p.Dataset + "/" + key + ": " + what
}

// FsckOptions of Fsck. The engine and the catalog must have empty caches, or
// what they hold is believed.
type FsckOptions struct {
	Names    *catalog.Catalog
	Bytes    *dedupe.Engine
	ReadData bool          // read and verify every stored byte, not only what names it
	Report   func(Problem) // is told each, as it is found
}

// Checked says how much Fsck went through.
type Checked struct {
	Datasets int64 `json:"datasets"`
	Files    int64 `json:"files"`
	Blocks   int64 `json:"blocks"`
	Bytes    int64 `json:"bytes"` // of the files
	Problems int64 `json:"problems"`
}

// Fsck checks that every object that can be reached from the logs is there and
// is what its name says: logs, checkpoints, nodes, and for each file the blocks
// that it lies in. It changes nothing. The error is of the check itself, not of
// what it finds.
func Fsck(ctx context.Context, o FsckOptions) (Checked, error) {
	c := &checker{o: o, read: map[manifest.Digest]bool{}}
	datasets, err := o.Names.Datasets(ctx)
	if err != nil {
		c.problem(ctx, Problem{Err: err})
		return c.done, ctx.Err()
	}
	if err := o.Names.CheckHub(ctx); err != nil {
		c.problem(ctx, Problem{Err: err})
	}
	for rec := range datasets {
		c.done.Datasets++
		if err := c.dataset(ctx, rec.Name); err != nil {
			c.problem(ctx, Problem{Dataset: rec.Name, Err: err})
		}
		if ctx.Err() != nil {
			break
		}
	}
	return c.done, ctx.Err()
}
