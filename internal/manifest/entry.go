package manifest

// Algorithm names a checksum function. The numbers are stored.
type Algorithm uint8

// The functions that S3 knows.
const (
	CRC32 Algorithm = iota + 1
	CRC32C
	CRC64NVME
	SHA1
	SHA256
)

// Checksum is a checksum of a file's bytes that was verified or computed while
// they were read.
type Checksum struct {
	Algorithm Algorithm
	Value     []byte // big-endian, as the algorithm's standard writes it
	Parts     int    // 0: of all bytes. N: composite, of the N parts' values
}

// KV is a name with a value.
type KV struct{ Name, Value string }

// Attr is what a writer says of a file.
type Attr struct {
	ContentType        string
	ContentEncoding    string
	ContentLanguage    string
	ContentDisposition string
	CacheControl       string
	Expires            string     // as the client wrote it
	Meta               []KV       // user metadata: lower-case names without "x-amz-meta-", ascending
	Tags               []KV       // S3 object tags, ascending
	Checksums          []Checksum // at most one an algorithm
}

// Part is one part of a file that was uploaded in parts.
type Part struct {
	Number    int
	Size      int64
	ETag      string     // MD5 in hex
	Modified  int64      // Unix milliseconds
	Checksums []Checksum // shared, not to be changed
}

// Cond is the conditions of a write on what its key holds at the commit.
// Replay decides them. The zero Cond is none.
type Cond struct {
	IfMatch     []string // ETags without quotes, or "*": the key must hold one of them. ErrNotFound if it holds nothing
	IfNoneMatch []string // the key must hold none of them; "*": must hold nothing
}

// IsZero reports whether c asks for nothing.
func (c Cond) IsZero() bool { return len(c.IfMatch) == 0 && len(c.IfNoneMatch) == 0 }

// Entry is one file of a tag. It is never changed after it was made.
type Entry struct {
	Name     string // within its tag
	ID       ID     // new with every write of the key
	Size     int64
	Modified int64  // Unix milliseconds; given by replay
	ETag     string // without quotes
	Added    int64  // bytes that its arrival added to the store, about
	Upload   ID     // the upload that it was completed from; zero: none
	Attr     Attr
	Parts    []Part // of a completed upload
	Recipe   Recipe

	// Detail names the nodes that hold Parts and Recipe, where those are long;
	// then neither is here. State.Whole reads them.
	Detail []Digest
}

func (e *encoder) checksums(v []Checksum) {
	e.uint(uint64(len(v)))
	for _, c := range v {
		e.byte(byte(c.Algorithm))
		e.bytes(c.Value)
		e.uint(uint64(c.Parts))
	}
}

func (d *decoder) checksums() []Checksum {
	return list(d, 3, func(d *decoder) Checksum {
		c := Checksum{Algorithm(d.byte()), d.bytes(), int(d.uint32())}
		if c.Algorithm < CRC32 || c.Algorithm > SHA256 {
			d.fail("checksum algorithm %d", c.Algorithm)
		}
		return c
	})
}

func (e *encoder) kvs(v []KV) {
	e.uint(uint64(len(v)))
	for _, kv := range v {
		e.string(kv.Name)
		e.string(kv.Value)
	}
}

func (d *decoder) kvs() []KV {
	return list(d, 2, func(d *decoder) KV { return KV{d.string(), d.string()} })
}

func (e *encoder) attr(a *Attr) {
	for _, s := range []string{a.ContentType, a.ContentEncoding, a.ContentLanguage, a.ContentDisposition, a.CacheControl, a.Expires} {
		e.string(s)
	}
	e.kvs(a.Meta)
	e.kvs(a.Tags)
	e.checksums(a.Checksums)
}

func (d *decoder) attr() (a Attr) {
	for _, s := range []*string{&a.ContentType, &a.ContentEncoding, &a.ContentLanguage, &a.ContentDisposition, &a.CacheControl, &a.Expires} {
		*s = d.string()
	}
	a.Meta, a.Tags, a.Checksums = d.kvs(), d.kvs(), d.checksums()
	return a
}

func (e *encoder) cond(c Cond) {
	e.strings(c.IfMatch)
	e.strings(c.IfNoneMatch)
}

func (d *decoder) cond() Cond { return Cond{d.strings(), d.strings()} }
