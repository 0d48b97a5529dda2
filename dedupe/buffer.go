package dedupe

import (
	"math/bits"
	"sync"
)

// buffer is pooled memory: fresh memory is dear on virtual machines.
type buffer struct {
	data  []byte
	class int // binary logarithm of the capacity
}

var pools [40]sync.Pool // by class

// classOf is the class of buffers for n bytes.
func classOf(n int) int { return bits.Len(uint(max(n, 1) - 1)) }

// pooled is the memory that a buffer of n bytes takes.
func pooled(n int) int64 { return 1 << classOf(n) }

// newBuffer returns n bytes of any content.
func newBuffer(n int) *buffer {
	class := classOf(n)
	b, ok := pools[class].Get().(*buffer)
	if !ok {
		b = &buffer{data: make([]byte, 1<<class), class: class}
	}
	b.data = b.data[:n]
	return b
}

// release gives the memory back; nobody may use it any more.
func (b *buffer) release() { pools[b.class].Put(b) }
