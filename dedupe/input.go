package dedupe

import "sync/atomic"

// inputBytes is the length of the buffers that streams are read into, where
// chunks are small enough.
const inputBytes = 256 << 10

// input is a stretch of a stream in memory, which is used until its chunks are taken
// and, if the last one goes on, its end is copied. In front of it there is room for
// the beginning of a chunk that ends in it, unless the stream is short.
type input struct {
	buf   *buffer
	room  int      // bytes before the stretch
	end   int      // of the stretch in buf
	parts [][]byte // the chunks that end in it
	users atomic.Int32
	slots <-chan struct{} // one is taken when the last user is done
}

// inputLen is the length of the buffer of an input, but for a short stream.
func inputLen(maxChunk int) int { return max(inputBytes, 2*maxChunk) }

// short reports whether s is known to fit one input.
func (s *stream) short() bool {
	return s.scope.Below > 0 && s.scope.Below <= int64(inputLen(s.cut.max))
}

func (s *stream) newInput(slots <-chan struct{}) *input {
	n, room := inputLen(s.cut.max), s.cut.max
	if s.short() {
		n, room = int(s.scope.Below), 0
	}
	in := &input{buf: newBuffer(n), room: room, slots: slots}
	in.users.Store(1)
	return in
}

func (in *input) bytes() []byte { return in.buf.data[in.room:in.end] }

// done ends one use.
func (in *input) done() {
	if in.users.Add(-1) == 0 {
		in.buf.release()
		<-in.slots
	}
}

// fill reads until the buffer is full or b is at its end, which it reports.
func (in *input) fill(b *body) (ended bool, err error) {
	n, ended, err := b.fill(in.buf.data[in.room:])
	in.end = in.room + n
	return ended, err
}

// behind returns the bytes of in with tail, which is at most in.room long,
// copied in front of them.
func (in *input) behind(tail []byte) []byte {
	at := in.room - len(tail)
	copy(in.buf.data[at:], tail)
	return in.buf.data[at:in.end]
}
