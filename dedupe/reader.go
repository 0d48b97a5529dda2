package dedupe

import (
	"context"
	"errors"
	"io"
	"sort"

	"aetherfs/internal/manifest"
)

// Reader reads the bytes that a recipe names. Its methods may be called
// concurrently, and it holds nothing that has to be closed.
type Reader struct {
	e      *Engine
	ctx    context.Context // of all reads
	pool   string
	recipe manifest.Recipe
	ends   []int64 // of each extent: where it ends in the file
}

// Open returns a reader of r for the life of ctx. Nothing is read yet. Every
// byte is verified before it is handed out. Errors of reading: ErrCorrupt,
// ErrUnavailable, that of ctx.
func (e *Engine) Open(ctx context.Context, pool string, r manifest.Recipe) *Reader {
	rd := &Reader{e: e, ctx: ctx, pool: pool, recipe: r, ends: make([]int64, len(r))}
	var end int64
	for i, x := range r {
		end += x.Len
		rd.ends[i] = end
	}
	return rd
}

// Size is the length of the file.
func (r *Reader) Size() int64 {
	if len(r.ends) == 0 {
		return 0
	}
	return r.ends[len(r.ends)-1]
}

// ReadAt implements io.ReaderAt.
func (r *Reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read at a negative offset")
	}
	n := min(int64(len(p)), max(r.Size()-off, 0))
	s := r.Stream(off, n)
	defer s.Close()
	got, err := io.ReadFull(s, p[:n])
	if err == nil && got < len(p) {
		err = io.EOF
	}
	return got, err
}

// Stream returns the n bytes from off, which must lie within the file, in
// order and reading ahead. The caller closes it, and then or at the end of the
// Reader's context all its requests end.
func (r *Reader) Stream(off, n int64) io.ReadCloser {
	return &download{r: r, pos: off, end: min(off+n, r.Size())}
}

// extentAt returns the number of the extent that holds byte off, and where it
// begins in the file.
func (r *Reader) extentAt(off int64) (int, int64) {
	i := sort.Search(len(r.ends), func(i int) bool { return r.ends[i] > off })
	if i == 0 {
		return 0, 0
	}
	return i, r.ends[i-1]
}
