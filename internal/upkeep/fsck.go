package upkeep

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
	"aetherfs/internal/store"
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

// checker is an Fsck under way.
type checker struct {
	o    FsckOptions
	done Checked
	read map[manifest.Digest]bool // blocks that were checked: whether they are sound

	state *manifest.State // of the dataset that is being gone through
	pass  int             // how often it is
	again bool            // it has to be once more

	waiting map[manifest.Digest]*suspect // blocks to be checked, by name
	extents int                          // in waiting
}

// suspect is a block with what names it.
type suspect struct {
	block *manifest.Block
	files []part
}

// part is the extents of a file that lie in one block.
type part struct {
	tag, path string
	extents   []manifest.Extent
}

// maxWaiting bounds the extents for which blocks are checked together: about
// 100 MiB of memory.
const maxWaiting = 500_000

// maxPasses bounds how often a dataset is gone through.
const maxPasses = 3

// problem reports what is wrong with the store, and nothing once the check is
// told to end.
func (c *checker) problem(ctx context.Context, p Problem) {
	if ctx.Err() != nil {
		return
	}
	c.done.Problems++
	c.o.Report(p)
}

// dataset checks one dataset. An error is of what all of it needs.
func (c *checker) dataset(ctx context.Context, name string) error {
	d, err := c.o.Names.Dataset(ctx, name)
	if errors.Is(err, store.ErrReadOnly) || errors.Is(err, manifest.ErrNoDataset) {
		return nil // its removal has not come to its end
	}
	if err != nil {
		return err
	}
	if err := d.Sync(ctx); err != nil {
		return err
	}
	if err := d.CheckLog(ctx); err != nil {
		c.problem(ctx, Problem{Dataset: name, Err: err})
	}
	files, bytes := c.done.Files, c.done.Bytes
	for c.pass, c.again = 1, true; c.again && err == nil; c.pass++ {
		c.done.Files, c.done.Bytes, c.again, c.state = files, bytes, false, d.State()
		err = c.files(ctx, d)
	}
	return err
}

// found reports a problem of d, unless a gateway has folded the log since its
// state was taken: segments that the state names may have made way then, and d
// is gone through again.
func (c *checker) found(ctx context.Context, d *catalog.Dataset, p Problem) {
	if c.pass < maxPasses && d.Sync(ctx) == nil && d.State().Fold() != c.state.Fold() {
		c.again = true
		return
	}
	c.problem(ctx, p)
}

// files checks what the state names.
func (c *checker) files(ctx context.Context, d *catalog.Dataset) error {
	for t, err := range c.state.Tags(ctx) {
		if err != nil {
			return err
		}
		if err := c.tag(ctx, d, t.Name); err != nil {
			c.found(ctx, d, Problem{Dataset: d.Name, Err: fmt.Errorf("tag %q: %w", t.Name, err)})
		}
	}
	if err := c.uploads(ctx, d); err != nil {
		c.found(ctx, d, Problem{Dataset: d.Name, Err: fmt.Errorf("open uploads: %w", err)})
	}
	c.flush(ctx, d)
	return nil
}

func (c *checker) tag(ctx context.Context, d *catalog.Dataset, tag string) error {
	for e, err := range c.state.Entries(ctx, tag) {
		if err != nil {
			return err
		}
		c.done.Files++
		c.done.Bytes += e.Size
		whole, err := c.state.Whole(ctx, e)
		if err != nil {
			c.found(ctx, d, Problem{Dataset: d.Name, Tag: tag, Path: e.Name, Err: err})
			continue
		}
		c.await(ctx, d, tag, e.Name, whole.Recipe)
	}
	return nil
}

func (c *checker) uploads(ctx context.Context, d *catalog.Dataset) error {
	for u, err := range c.state.Uploads(ctx, "", manifest.ID{}) {
		if err != nil {
			return err
		}
		for recipe, err := range u.Recipes(ctx) {
			if err != nil {
				return err
			}
			c.await(ctx, d, u.Tag, u.Name, recipe)
		}
	}
	return nil
}

// await notes the blocks that a recipe names.
func (c *checker) await(ctx context.Context, d *catalog.Dataset, tag, path string, r manifest.Recipe) {
	if c.waiting == nil {
		c.waiting = map[manifest.Digest]*suspect{}
	}
	for len(r) > 0 {
		n := 1
		for n < len(r) && r[n].Block.Name == r[0].Block.Name {
			n++
		}
		w := c.waiting[r[0].Block.Name]
		if w == nil {
			w = &suspect{block: r[0].Block}
			c.waiting[r[0].Block.Name] = w
		}
		w.files = append(w.files, part{tag, path, r[:n]})
		c.extents += n
		r = r[n:]
	}
	if c.extents > maxWaiting {
		c.flush(ctx, d)
	}
}

// flush checks the blocks that wait.
func (c *checker) flush(ctx context.Context, d *catalog.Dataset) {
	for name, w := range c.waiting {
		if ctx.Err() != nil || c.again {
			break
		}
		var all []manifest.Extent
		for _, f := range w.files {
			all = append(all, f.extents...)
		}
		sound, met := c.read[name]
		if !met {
			c.done.Blocks++
		}
		err := c.o.Bytes.Check(ctx, d.Pool, w.block, all, c.o.ReadData && !sound)
		if err != nil {
			c.blame(ctx, d, w, err)
		}
		c.read[name] = err == nil
	}
	c.waiting, c.extents = nil, 0
}

// blame names the files that a damaged block makes unreadable.
func (c *checker) blame(ctx context.Context, d *catalog.Dataset, w *suspect, damage error) {
	before := c.done.Problems
	for _, f := range w.files {
		err := c.o.Bytes.Check(ctx, d.Pool, w.block, f.extents, false)
		if err == nil && c.o.ReadData {
			err = c.readPart(ctx, d, f)
		}
		if err != nil {
			c.found(ctx, d, Problem{Dataset: d.Name, Tag: f.tag, Path: f.path, Err: err})
		}
	}
	if c.done.Problems == before && !c.again { // a part of the block that no file needs
		c.found(ctx, d, Problem{Dataset: d.Name, Err: damage})
	}
}

// readPart reads the bytes of a file that lie in one block.
func (c *checker) readPart(ctx context.Context, d *catalog.Dataset, f part) error {
	r := manifest.Recipe(f.extents)
	data := c.o.Bytes.Open(ctx, d.Pool, r).Stream(0, r.Len())
	defer data.Close()
	buf := make([]byte, 256<<10)
	for {
		if _, err := data.Read(buf); err != nil {
			return notEOF(err)
		}
	}
}

func notEOF(err error) error {
	if err == io.EOF { //nolint:errorlint // readers return io.EOF bare
		return nil
	}
	return err
}
