package simulation

import (
	"crypto/md5"
	"fmt"
	"math/rand/v2"
	"sync"
)

// value is a content that was sent, by number; 0 is none. It stands for an
// ETag too: no two contents have the same, and a content that was uploaded in
// parts is another value than the same bytes put at once.
type value int32

// content is what a value stands for.
type content struct {
	etag string
	data []byte
}

// values are the contents that clients have sent.
type values struct {
	mu    sync.Mutex
	byTag map[string]value // by ETag; guarded by mu
	all   []content        // by value - 1; guarded by mu
}

func newValues() *values { return &values{byTag: map[string]value{}} }

// add notes that data may be found under an ETag from now on.
func (v *values) add(etag string, data []byte) value {
	v.mu.Lock()
	defer v.mu.Unlock()
	if n, ok := v.byTag[etag]; ok {
		return n
	}
	v.all = append(v.all, content{etag, data})
	n := value(len(v.all))
	v.byTag[etag] = n
	return n
}

// of returns the value of an ETag; false: nobody ever sent it.
func (v *values) of(etag string) (value, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	n, ok := v.byTag[etag]
	return n, ok
}

// content returns what n stands for; n is not 0.
func (v *values) content(n value) content {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.all[n-1]
}

func md5Of(data []byte) string { return fmt.Sprintf("%x", md5.Sum(data)) }

// Contents. Some are small and ride in segments; the large ones have more new
// bytes than may ride there, and a later version of one shares most chunks with
// it, whoever put it where.
const (
	smallBytes = 6 << 10
	bodyBytes  = 150 << 10
	bodies     = 6 // that large contents are versions of
)

// text returns a content that nothing else has: it begins with its title.
func text(rng *rand.Rand, title string) []byte {
	data := fmt.Appendf(nil, "%s. ", title)
	if rng.IntN(8) == 0 {
		return append(data, body(rng.IntN(bodies))...)
	}
	n := rng.IntN(smallBytes)
	if rng.IntN(3) == 0 {
		n += 6 * smallBytes
	}
	at := rng.IntN(bodyBytes - n)
	return append(data, body(rng.IntN(bodies))[at:at+n]...)
}

// body is a large random content, one of a few.
func body(n int) []byte {
	bodyOnce[n].Do(func() {
		bodyData[n] = make([]byte, bodyBytes)
		_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(bodyData[n]) // never fails
	})
	return bodyData[n]
}

var (
	bodyOnce [bodies]sync.Once
	bodyData [bodies][]byte
)
