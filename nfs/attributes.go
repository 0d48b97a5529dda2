package nfs

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"time"

	gonfs "github.com/willscott/go-nfs"

	"aetherfs/backend"
)

// What every file, and every directory, has: all may read, none may write.
const (
	fileMode = 0o444
	dirMode  = 0o555

	dirBytes = 4096 // the size of a directory, as file systems have it

	fileSystem = 0x6165746865726673 // fsid: one for the whole tree, "aetherfs"
)

// attributesOf is what clients see of a node.
func attributesOf(n backend.Node) gonfs.FileAttribute {
	at := timeOf(n.Time())
	a := gonfs.FileAttribute{
		Type: gonfs.FileTypeRegular, FileMode: fileMode, Nlink: 1,
		Filesize: uint64(n.Info.Size), Used: uint64(n.Info.Size),
		FSID: fileSystem, Fileid: fileID(n), Atime: at, Mtime: at, Ctime: at,
	}
	if n.Dir {
		a.Type, a.FileMode, a.Nlink, a.Filesize, a.Used = gonfs.FileTypeDirectory, dirMode, 2, dirBytes, dirBytes
	}
	return a
}

// fileID is the inode number: 63 bits of the SHA-256 of the name and, of a
// file, of its version, since other bytes are another file.
func fileID(n backend.Node) uint64 {
	sum := sha256.New()
	sum.Write([]byte(n.Name))
	if !n.Dir {
		sum.Write([]byte{0})
		sum.Write([]byte(n.Info.ID))
	}
	return max(1, binary.BigEndian.Uint64(sum.Sum(nil))>>1)
}

// timeOf returns the nearest time that the protocol can tell: 1970 to 2106.
func timeOf(t time.Time) gonfs.FileTime {
	switch s := t.Unix(); {
	case s < 0:
		return gonfs.FileTime{}
	case s > math.MaxUint32:
		return gonfs.FileTime{Seconds: math.MaxUint32}
	default:
		return gonfs.FileTime{Seconds: uint32(s), Nseconds: uint32(t.Nanosecond())}
	}
}
