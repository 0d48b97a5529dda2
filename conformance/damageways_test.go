package conformance

import (
	"crypto/rand"
	"slices"
	"testing"

	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/journal"
	"aetherfs/internal/store"
)

// A damage is something that may happen to an object of the store.
type damage struct {
	name string
	do   func(t *testing.T, s *scene, object string) (done bool) // false where it cannot happen
}

var damages = []damage{
	{"first byte flipped", flipped(func(int) int { return 0 })},
	{"byte flipped in the first quarter", flipped(func(n int) int { return n / 5 })},
	{"byte flipped in the middle", flipped(func(n int) int { return n / 2 })},
	{"byte flipped near the end", flipped(func(n int) int { return n - min(n, 40) })},
	{"last byte flipped", flipped(func(n int) int { return n - 1 })},
	{"cut in half", cut(func(n int) int { return n / 2 })},
	{"one byte short", cut(func(n int) int { return n - 1 })},
	{"emptied", cut(func(int) int { return 0 })},
	{"removed", removed},
	{"replaced by the one before", replacedBy((*scene).neighbour)},
	{"swapped with the one before", swappedWith((*scene).neighbour)},
	{"replaced by one of another log", replacedBy((*scene).stranger)},
	{"swapped with one of another log", swappedWith((*scene).stranger)},
	{"replaced by what it was", restoredOlder},
	{"replaced by another repository's", anotherRepository},
	{"replaced by a fence", fenced(false)},
	{"replaced by a fence for the newest checkpoint", fenced(true)},
}

// atBucket are the damages that are tried on a bucket too: there a gateway must
// take a fence for another gateway's.
var atBucket = []string{
	"byte flipped in the middle", "cut in half", "removed", "swapped with the one before", "swapped with one of another log",
	"replaced by what it was", "replaced by a fence", "replaced by a fence for the newest checkpoint",
}

func flipped(at func(size int) int) func(*testing.T, *scene, string) bool {
	return func(t *testing.T, s *scene, object string) bool {
		data := slices.Clone(s.whole[object])
		data[at(len(data))] ^= 0x10
		s.spoil(t, object, data)
		return true
	}
}

func cut(to func(size int) int) func(*testing.T, *scene, string) bool {
	return func(t *testing.T, s *scene, object string) bool {
		data := s.whole[object]
		s.spoil(t, object, data[:to(len(data))])
		return true
	}
}

func removed(t *testing.T, s *scene, object string) bool {
	s.spoil(t, object, nil)
	return true
}

func replacedBy(other func(*scene, string) string) func(*testing.T, *scene, string) bool {
	return func(t *testing.T, s *scene, object string) bool {
		o := other(s, object)
		if o != "" {
			s.spoil(t, object, s.whole[o])
		}
		return o != ""
	}
}

func swappedWith(other func(*scene, string) string) func(*testing.T, *scene, string) bool {
	return func(t *testing.T, s *scene, object string) bool {
		o := other(s, object)
		if o != "" {
			s.spoil(t, object, s.whole[o])
			s.spoil(t, o, s.whole[object])
		}
		return o != ""
	}
}

// restoredOlder brings an older copy of an object back. Only a segment that has
// become a fence was ever another.
func restoredOlder(t *testing.T, s *scene, object string) bool {
	was := s.older[object]
	if was != nil {
		s.spoil(t, object, was)
	}
	return was != nil
}

// fenced puts a fence in place of a segment: for a checkpoint of its own slot, or
// for the newest that there is.
func fenced(newest bool) func(*testing.T, *scene, string) bool {
	return func(t *testing.T, s *scene, object string) bool {
		seg, err := journal.Decode(s.whole[object])
		if err != nil {
			return false // it is none
		}
		fence := journal.Fence{Owner: seg.Owner, N: seg.N, Sum: seg.Sum, Base: seg.N}
		if owner, _ := place(object); newest {
			fence.Base = s.newestBases(t)[owner]
		}
		s.spoil(t, object, fence.Encode())
		return true
	}
}

// anotherRepository puts what says which repository the store is in place of
// that of this one.
func anotherRepository(t *testing.T, s *scene, object string) bool {
	const name = "aetherfs.json"
	if object != name {
		return false
	}
	st := store.NewMemory()
	if _, err := catalog.OpenRepository(t.Context(), st, rand.Reader, catalog.Chunker{Algorithm: "fastcdc", Average: dedupe.DefaultChunkBytes}); err != nil {
		t.Fatal(err)
	}
	data, _, err := st.Get(t.Context(), name, store.Range{})
	if err != nil {
		t.Fatal(err)
	}
	s.spoil(t, object, data)
	return true
}
