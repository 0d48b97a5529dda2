package bulk

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// align suits every device: sectors are of 512 or 4,096 bytes.
	align = 4 << 10

	// bounceBytes is written at once of data that does not lie aligned.
	bounceBytes = 1 << 20
)

// bounce holds buffers with room for bounceBytes that lie aligned.
var bounce = sync.Pool{New: func() any { return new([bounceBytes + align]byte) }}

// writeDirect writes the whole blocks of data with O_DIRECT, and returns how
// many bytes that were: 0 where the file system does not take it. The rest is
// the caller's to write.
func writeDirect(f *os.File, data []byte) (int, error) {
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	if err != nil {
		return 0, nil
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFL, flags|unix.O_DIRECT); err != nil {
		return 0, nil
	}
	n, err := writeBlocks(f, data[:len(data)&^(align-1)])
	if errors.Is(err, syscall.EINVAL) {
		err = nil // not with this alignment, or not at all
	}
	if _, e := unix.FcntlInt(f.Fd(), unix.F_SETFL, flags); e != nil {
		return n, e
	}
	return n, err
}

// writeBlocks writes data to a file that takes whole aligned blocks only.
func writeBlocks(f *os.File, data []byte) (int, error) {
	if misaligned(data) == 0 {
		return f.Write(data)
	}
	raw := bounce.Get().(*[bounceBytes + align]byte)
	defer bounce.Put(raw)
	skip := (align - misaligned(raw[:])) % align
	buf := raw[skip:][:bounceBytes]
	n := 0
	for n < len(data) {
		m, err := f.Write(buf[:copy(buf, data[n:])])
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// misaligned returns how far into a block of memory data begins.
func misaligned(data []byte) int {
	return int(uintptr(unsafe.Pointer(unsafe.SliceData(data))) % align)
}
