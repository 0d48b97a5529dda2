//go:build conformance

package conformance

import (
	"testing"
	"time"
)

// TestMemoryOfUploads sends 64 files of 1 GiB at once, of which an eighth is
// distinct.
func TestMemoryOfUploads(t *testing.T) { uploadsMemory(t, 64, 1<<30, 128<<20) }

// TestMemoryOfManyReads has a thousand dawdle.
func TestMemoryOfManyReads(t *testing.T) { readsMemory(t, 64, 1000) }

// TestMemoryOfALargeRead reads 5 GiB, alone.
func TestMemoryOfALargeRead(t *testing.T) {
	const size, distinct = 5 << 30, 512 << 20
	g := newGateway(t, false, "AETHERFS_MEMORY="+memoryLimit)
	r := newReference(t, g.endpoint, "large")
	putSingle(t, r, "v1/large", repeated(1, size, distinct), size)
	g.checkPeak(t, "upload of 5 GiB")
	want, err := sumOf(repeated(1, size, distinct))
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := r.expect(t.Context(), "v1/large", want); err != nil {
		t.Fatal(err)
	}
	g.checkPeak(t, "read of 5 GiB, "+time.Since(begun).Round(time.Second).String())
}
