package backend

import (
	"context"
	"io"
	"iter"
	"time"

	"aetherfs/internal/lanes"
	"aetherfs/internal/manifest"
)

// Limits of the tree, which every front end shares. S3's own.
const (
	MaxFileBytes = manifest.MaxEntryBytes
	MaxPartBytes = 5 << 30 // of one part of an upload
	MinPartBytes = manifest.MinPartBytes
	MaxParts     = 10_000 // of one upload
)

// The values that travel with an entry are those of its record.
type (
	// Attr is what a writer says of a file: headers, user metadata, S3 object
	// tags, checksums that were verified while it was read.
	Attr = manifest.Attr
	// KV is a name with a value.
	KV = manifest.KV
	// Checksum is a verified checksum of a file's bytes.
	Checksum = manifest.Checksum
	// Algorithm names the function of a Checksum.
	Algorithm = manifest.Algorithm
	// Part is one part of a file that was uploaded in parts.
	Part = manifest.Part
	// Cond is the conditions on what a key holds.
	Cond = manifest.Cond
)

// Info describes a file, or, in a listing with a delimiter, a common prefix.
type Info struct {
	Path     Path
	Prefix   string // of a common prefix: the whole of it; then nothing else is set
	ID       string // changes whenever the key is written
	Size     int64
	Modified time.Time // millisecond precision, UTC
	ETag     string    // without quotes: MD5 in hex, with "-N" after an upload in N parts
	Attr     Attr
	Parts    []Part // of a file uploaded in parts; shared, not to be changed
}

// DatasetInfo describes a dataset.
type DatasetInfo struct {
	Name    string
	Created time.Time
}

// Query selects what a listing yields.
type Query struct {
	Prefix    string // only keys that begin with it
	Delimiter string // keys that hold it after Prefix are rolled up into common prefixes ending with it
	After     string // only keys, and common prefixes, that are greater
}

// View is the tree as directories and files, as file systems have them. See
// Node for the names, and for what is shown.
type View interface {
	// Node returns what is under a name, or ErrNotFound; ErrNoDataset where the
	// dataset does not exist.
	Node(ctx context.Context, name string) (Node, error)

	// ReadDir yields what a directory holds, from one state of its dataset, in
	// the byte order of Node.Mark and behind the mark after, "" from the
	// beginning. Where there is no directory it yields nothing, or ErrNotFound
	// where none can be. Of datasets, in the root, it tells only when they were
	// made.
	ReadDir(ctx context.Context, name, after string) iter.Seq2[Node, error]
}

// Reader is the tree for reading. Every method returns ErrNoDataset where the
// dataset does not exist.
type Reader interface {
	// Datasets yields the datasets by name.
	Datasets(ctx context.Context) iter.Seq2[DatasetInfo, error]

	// Dataset returns one.
	Dataset(ctx context.Context, name string) (DatasetInfo, error)

	// List yields files and common prefixes in the byte order of their keys,
	// all from one state of the dataset.
	List(ctx context.Context, dataset string, q Query) iter.Seq2[Info, error]

	// Stat returns the file at p, or ErrNotFound.
	Stat(ctx context.Context, p Path) (Info, error)

	// Open opens the file at p, or returns ErrNotFound. The file stays
	// readable, at the version opened, for the life of ctx. Nothing is read yet.
	Open(ctx context.Context, p Path) (*File, error)

	View

	// Settings returns the settings of a dataset as they are known here, which
	// costs no request. What another gateway has set is seen from the next
	// Dataset or Datasets on, or when the gateway has looked on its own.
	Settings(ctx context.Context, dataset string) (Settings, error)

	// Stats says what each tag of a dataset holds, in the order of their keys.
	Stats(ctx context.Context, dataset string) ([]TagStats, error)
}

// Tree is the tree for reading and writing.
type Tree interface {
	Reader
	Uploads

	// CreateDataset makes a dataset: ErrExists, ErrInvalidName.
	CreateDataset(ctx context.Context, name string) error

	// RemoveDataset removes an empty one: ErrNotEmpty. Open uploads do not
	// count and end with it.
	RemoveDataset(ctx context.Context, name string) error

	// SetSettings replaces the settings of a dataset: ErrInvalidSettings.
	SetSettings(ctx context.Context, dataset string, s Settings) error

	// Begin starts a transaction. Close it.
	Begin(ctx context.Context, dataset string) (Tx, error)
}

// Tx is a group of changes to one dataset, over any of its tags: all happen,
// in one step, or none. It is used by one goroutine.
type Tx interface {
	// Put stores the bytes of r as the file at p. It reads r to its end, and
	// any error of r but io.EOF drops the change: Put returns that error. A
	// reader that knows how long it has to be must return an error when it is
	// shorter or longer. ErrTooLarge beyond MaxFileBytes.
	Put(ctx context.Context, p Path, r io.Reader, o PutOptions) error

	// Copy makes p the same file as from; no data moves where both are in the
	// same dataset. The source is what was committed before the transaction, so
	// that two files can change places. ErrNotFound if from does not exist,
	// ErrPrecondition or ErrNotModified if it does not meet o.Source.
	Copy(ctx context.Context, p, from Path, o CopyOptions) error

	// Remove removes the file at p. An absent one is not an error, unless c
	// asks for it.
	Remove(ctx context.Context, p Path, c Cond) error

	// Commit makes the changes durable and visible, and returns what is then
	// at the path of each change, in their order (of a Remove: its Path alone).
	// Conditions are decided here. ErrUnavailable: the outcome is unknown.
	Commit(ctx context.Context) ([]Info, error)

	// Close drops what was not committed. It may be called after Commit.
	Close() error
}

// PutOptions of Tx.Put. The zero value works.
type PutOptions struct {
	Attr Attr
	Cond Cond   // on what p holds at the commit
	MD5  []byte // that the bytes must have, or ErrBadDigest; nil: any

	// Below is more than the length of r, as it was announced: small ones take
	// little memory. A longer one is ErrTooLarge. 0: not known.
	Below int64

	// Stop, if set, ends a Read of r that waits for a client, with an error. It is
	// called if the client is slow while others wait for memory, from another
	// goroutine, and not after Put has returned.
	Stop func()

	// AtEOF, if set, is called when r is read to its end and may still change
	// the Attr, as checksums that came in a trailer do. An error drops the put.
	AtEOF func(*Attr) error

	// Sums, if set, computes the MD5, for a caller that wants the SHA-256 too:
	// by AtEOF it has taken all of r. It is a new one, and the put's until then.
	Sums *lanes.Pair
}

// CopyOptions of Tx.Copy. The zero value copies everything.
type CopyOptions struct {
	Attr   *Attr    // replaces the source's, checksums aside; nil keeps it
	Tags   *[]KV    // replaces the source's object tags; nil keeps them
	Source ReadCond // on the source
	Cond   Cond     // on what p holds at the commit

	// SourceID is the Info.ID that the source must have, or ErrPrecondition.
	// Unlike an ETag it tells other Attr from those that were read. "": any.
	SourceID string

	Touch bool // false and p == from: Modified and ETag stay as they are
}

// ReadCond is the conditions of RFC 9110, section 13, that a read may carry.
type ReadCond struct {
	IfMatch, IfNoneMatch               []string  // ETags without quotes, or "*"
	IfModifiedSince, IfUnmodifiedSince time.Time // whole seconds; zero: not given
}

// Uploads are files that arrive in parts. They are part of the stored state:
// any gateway can go on with one, and a restart loses none.
type Uploads interface {
	// CreateUpload begins one and returns its id.
	CreateUpload(ctx context.Context, p Path, o UploadOptions) (id string, err error)

	// Upload returns one: ErrNoUpload if there is none of that id for p.
	Upload(ctx context.Context, p Path, id string) (UploadInfo, error)

	// PutPart stores a part; it replaces one of the same number. The rules for
	// r are those of Tx.Put.
	PutPart(ctx context.Context, p Path, id string, number int, r io.Reader, o PutOptions) (Part, error)

	// CopyPart makes n bytes from off of another file a part; n < 0 means to
	// its end. ErrRange if they are not all there.
	CopyPart(ctx context.Context, p Path, id string, number int, from Path, off, n int64, c ReadCond) (Part, error)

	// Parts yields the parts of an upload whose number is greater than after.
	Parts(ctx context.Context, p Path, id string, after int) iter.Seq2[Part, error]

	// ListUploads yields the open uploads of a dataset by key, then by id,
	// beginning after (key, id) = (q.After, afterID); with afterID "" after
	// every upload of the key q.After. Common prefixes come as UploadInfo.Prefix.
	ListUploads(ctx context.Context, dataset string, q Query, afterID string) iter.Seq2[UploadInfo, error]

	// Complete makes the file at p of the named parts, in ascending order:
	// ErrInvalidPart, ErrPartOrder, ErrPartTooSmall, ErrPrecondition.
	// Repeating a Complete that succeeded answers as the first did while the
	// file is still there.
	Complete(ctx context.Context, p Path, id string, parts []CompletePart, o CompleteOptions) (Info, error)

	// Abort ends an upload and forgets its parts: ErrNoUpload.
	Abort(ctx context.Context, p Path, id string) error
}

// UploadOptions of CreateUpload.
type UploadOptions struct {
	Attr     Attr
	Checksum Algorithm // of the parts and the file; 0: none asked for
	Full     bool      // the file's checksum is over all bytes, not over those of the parts
}

// UploadInfo describes an open upload.
type UploadInfo struct {
	Path      Path
	ID        string
	Prefix    string // of a common prefix; then nothing else is set
	Initiated time.Time
	Checksum  Algorithm
	Full      bool
}

// CompletePart names a part as the client knows it.
type CompletePart struct {
	Number   int
	ETag     string    // without quotes
	Checksum *Checksum // nil: not given
}

// CompleteOptions of Complete. The zero value works.
type CompleteOptions struct {
	Cond     Cond
	Checksum *Checksum // of the whole file, to be verified; nil: not given
	Size     int64     // of the whole file, to be verified, if HasSize
	HasSize  bool
}
