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
