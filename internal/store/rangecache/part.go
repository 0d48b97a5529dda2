package rangecache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/minio/crc64nvme"

	"aetherfs/internal/bulk"
	"aetherfs/internal/store"
)

// A part on disk:
//
//	part   := data, footer
//	footer := magic, size of the object, its time in Unix seconds, length of the
//	          data, CRC-64/NVME of all the footer before it, the part's id and the
//	          data; numbers of 8 bytes, big-endian
//
// The data comes first, where whole pages of it can be written past the page
// cache. The file is named by the part's id. It may be gone or damaged at any
// time.
const (
	partMagic   = "AFSRNG01"
	footerBytes = 8 + 4*8
	pageBytes   = 4 << 10 // what a file takes is counted in
)

var errBadPart = errors.New("damaged part")

// partID names a part of an object of any name.
type partID struct {
	object [16]byte // of the SHA-256 of its key
	n      uint32   // it begins at byte n × Options.PartBytes
}

func objectOf(key string) (object [16]byte) {
	sum := sha256.Sum256([]byte(key))
	copy(object[:], sum[:])
	return object
}

// part is what the index holds of one.
type part struct {
	disk uint32 // bytes that its file takes
}

func newPart(dataBytes int64) part {
	return part{uint32((footerBytes + dataBytes + pageBytes - 1) / pageBytes * pageBytes)}
}

// path is where the file of a part is.
func (c *Cache) path(id partID) string {
	return filepath.Join(c.folder, hex.EncodeToString(id.object[:1]), fmt.Sprintf("%x-%08x", id.object, id.n))
}

// parsePath is the inverse of the last element of path.
func parsePath(name string) (id partID, ok bool) {
	raw, err := hex.DecodeString(string(bytes.Replace([]byte(name), []byte("-"), nil, 1)))
	if err != nil || len(raw) != len(id.object)+4 {
		return id, false
	}
	copy(id.object[:], raw)
	id.n = binary.BigEndian.Uint32(raw[len(id.object):])
	return id, fmt.Sprintf("%x-%08x", id.object, id.n) == name
}

// encodeFooter returns the footer of a part.
func encodeFooter(id partID, info store.Info, data []byte) []byte {
	f := append(make([]byte, 0, footerBytes), partMagic...)
	f = binary.BigEndian.AppendUint64(f, uint64(info.Size))
	f = binary.BigEndian.AppendUint64(f, uint64(info.Modified.Unix()))
	f = binary.BigEndian.AppendUint64(f, uint64(len(data)))
	return binary.BigEndian.AppendUint64(f, checksum(f, id, store.Pieces{data}))
}

// decodeFooter is the inverse of encodeFooter. The data is not yet compared
// with sum.
func decodeFooter(f []byte) (info store.Info, n int64, sum uint64, ok bool) {
	if len(f) != footerBytes || string(f[:8]) != partMagic {
		return info, 0, 0, false
	}
	info.Size = int64(binary.BigEndian.Uint64(f[8:]))
	info.Modified = time.Unix(int64(binary.BigEndian.Uint64(f[16:])), 0).UTC()
	n = int64(binary.BigEndian.Uint64(f[24:]))
	return info, n, binary.BigEndian.Uint64(f[32:]), info.Size >= 0 && n > 0
}

func checksum(footer []byte, id partID, data store.Pieces) uint64 {
	h := crc64nvme.New()
	_, _ = h.Write(footer[:footerBytes-8])
	_, _ = h.Write(id.object[:])
	_, _ = h.Write(binary.BigEndian.AppendUint32(nil, id.n))
	for _, piece := range data {
		_, _ = h.Write(piece)
	}
	return h.Sum64()
}

// lengthOf is how many bytes part n has of an object of size bytes.
func (c *Cache) lengthOf(n uint32, size int64) int64 {
	return min(c.o.PartBytes, size-int64(n)*c.o.PartBytes)
}

// readPart reads a part of n bytes into room, which is as long as a part may be.
// It does not wait for a writer where a pipe lies in its place.
func (c *Cache) readPart(id partID, room store.Pieces) (n int64, info store.Info, err error) {
	f, err := os.OpenFile(c.path(id), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return 0, info, err
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return 0, info, err
	}
	length := stat.Size() - footerBytes
	if length <= 0 || length > room.Len() {
		return 0, info, errBadPart
	}
	var foot [footerBytes]byte
	data := room.Slice(0, length)
	for _, piece := range append(data, foot[:]) {
		if _, err := io.ReadFull(f, piece); err != nil {
			return 0, info, err
		}
	}
	info, n, sum, ok := decodeFooter(foot[:])
	if !ok || n != length || n != c.lengthOf(id.n, info.Size) || checksum(foot[:], id, data) != sum {
		return 0, info, errBadPart
	}
	return n, info, nil
}

// writePart makes the file of a part, whole or not at all. It is not synced: a
// file that a crash leaves damaged does not match its checksum.
func (c *Cache) writePart(id partID, info store.Info, data []byte) error {
	path := c.path(id)
	temp := path + tempSuffix
	f, err := create(temp)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		f, err = create(temp)
	}
	if err != nil {
		_ = os.Remove(temp) // it is in the way
		return err
	}
	if _, err = bulk.Write(f, data); err == nil {
		_, err = f.Write(encodeFooter(id, info, data))
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		_ = os.Remove(temp) // found at the next start
	}
	return err
}

// create makes a file, and opens nothing that was there before, which may be a
// pipe or a link.
func create(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
}

// tempSuffix is that of a file which is being written.
const tempSuffix = ".new"
