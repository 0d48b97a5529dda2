package backend

import "io"

// File is an open file, pinned to the version that was opened: whatever is
// written to its key later, it reads the same bytes. It holds nothing that
// has to be closed.
type File struct {
	Info Info
	data content
}

// content is the bytes of a file.
type content interface {
	io.ReaderAt
	// Stream returns the n bytes from off in order, reading ahead.
	Stream(off, n int64) io.ReadCloser
}

// ReadAt reads verified bytes. ErrCorrupt: what the store holds is damaged;
// ErrUnavailable: it could not be read.
func (f *File) ReadAt(p []byte, off int64) (int, error) { return f.data.ReadAt(p, off) }

// Stream returns the n bytes from off, which must lie within the file, in
// order and reading ahead. The caller closes it. Every byte is verified before
// it is handed out; an error is ErrCorrupt or ErrUnavailable.
func (f *File) Stream(off, n int64) io.ReadCloser { return f.data.Stream(off, n) }
