package backend

import (
	"io"

	"aetherfs/dedupe"
)

// File is an open file, pinned to the version that was opened: whatever is
// written to its key later, it reads the same bytes. It holds nothing that
// has to be closed.
type File struct {
	Info Info
	data *dedupe.Reader
}

// ReadAt reads verified bytes, as io.ReaderAt says. ErrCorrupt: what the store
// holds is damaged; ErrUnavailable: it could not be read.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.data.ReadAt(p, off)
	return n, explainRead(err)
}

// Stream returns the n bytes from off, which must lie within the file, in
// order and reading ahead. The caller closes it. Every byte is verified before
// it is handed out; an error is as ReadAt's.
func (f *File) Stream(off, n int64) io.ReadCloser {
	return stream{f.data.Stream(off, n)}
}

type stream struct{ io.ReadCloser }

func (s stream) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	return n, explainRead(err)
}

func explainRead(err error) error {
	if err == io.EOF { //nolint:errorlint // readers return io.EOF bare
		return err
	}
	return explain(err)
}
