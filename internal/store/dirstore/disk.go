package dirstore

import (
	"io"
	"io/fs"
)

// Disk is the file system below a Store. Names are slash-separated and relative
// to the store's folder, "." itself. Nothing is durable before it was synced:
// a file's bytes by its Sync, its name by SyncDir of the folder that holds it.
// Errors are those of package os. All methods may be called concurrently.
type Disk interface {
	Files
	Names

	// Settle makes all that is visible durable. It is called once, when the
	// store is opened.
	Settle() error

	// Close lets go of the folder. clean says that all that is visible is
	// durable, so that the next Settle has nothing to do.
	Close(clean bool) error
}

// Files reads and makes files.
type Files interface {
	// Create makes a file that is not there yet and opens it for writing.
	Create(name string) (File, error)

	// Open opens a file for reading.
	Open(name string) (File, error)

	// ReadDir returns what is in a folder, in no order.
	ReadDir(name string) ([]fs.FileInfo, error)
}

// Names changes folders.
type Names interface {
	Mkdir(name string) error
	Link(from, to string) error // fs.ErrExist if to is there
	Rename(from, to string) error
	Remove(name string) error
	SyncDir(name string) error
}

// File is an open file.
type File interface {
	io.ReaderAt
	io.Writer // all in one call; large writes may go past the page cache
	io.Closer
	Stat() (fs.FileInfo, error)
	Sync() error
}
