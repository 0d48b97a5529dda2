package dirstore

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncAll makes all that is visible on f's file system durable.
func syncAll(f *os.File) error {
	return os.NewSyscallError("syncfs", unix.Syncfs(int(f.Fd())))
}
