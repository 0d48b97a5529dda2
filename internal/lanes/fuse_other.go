//go:build !amd64

package lanes

const canFuse = false

func fuse(_ *states, _ *sha256State, _, _ []byte) { panic("lanes: not on this processor") }

func two(_, _ *sha256State, _, _ []byte) { panic("lanes: not on this processor") }
