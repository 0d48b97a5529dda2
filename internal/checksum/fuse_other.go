//go:build !amd64

package checksum

const canFuse = false

func fuse(*lanes, []byte) { panic("checksum: not on this processor") }
