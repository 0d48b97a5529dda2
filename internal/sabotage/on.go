//go:build sabotage

package sabotage

import "sync/atomic"

var active atomic.Pointer[Bug]

// On reports whether the bug is there.
func On(b Bug) bool {
	p := active.Load()
	return p != nil && *p == b
}

// Set puts a bug in the place of the one before; None takes it out. It is for
// the whole process.
func Set(b Bug) { active.Store(&b) }
