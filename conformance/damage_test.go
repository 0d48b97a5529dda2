package conformance

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// A judgement names cases, by the beginning of their names, in which a damage
// is not noticed, and why.
type judgement struct{ prefix, reason string }

const (
	sharesRoot = "the checkpoint holds the root too"
	isOld      = "only the newest checkpoint and its tree are read"
	isCovered  = "the checkpoint stands for it"
	makesWay   = "that is what becomes of it"
	isItsEnd   = "nothing else tells how long the log was"
)

// unread are the damages that reading everything does not notice. What it gives
// is right for all that.
var unread = []judgement{
	{"aetherfs.json replaced by another repository's", "files are read alike, however new ones are cut"},
	{"pool/block first byte flipped", "a block's magic: no file's bytes hang on it"},
	{"hub/checkpoint removed", "the one before and the segments since say the same"},
	{"dataset/checkpoint removed", "the one before and the segments since say the same"},
	{"hub/root", sharesRoot}, {"pool/root", sharesRoot},
	{"hub/older", isOld}, {"dataset/older", isOld}, {"pool/older", isOld},
	{"hub/folded segment", isCovered}, {"dataset/folded segment", isCovered},
	{"hub/fence", isCovered}, {"dataset/fence", isCovered},
}

// forgotten are the damages after which things are gone without an error.
var forgotten = []judgement{
	{"hub/segment removed 1", isItsEnd}, {"dataset/segment removed 1", isItsEnd},
}

// unchecked are the damages that fsck does not notice.
var unchecked = []judgement{
	{"aetherfs.json replaced by another repository's", "nothing else says which repository it is"},
	{"hub/segment removed 1", isItsEnd}, {"dataset/segment removed 1", isItsEnd},
	{"hub/older checkpoint removed", "the newest one is enough"}, {"dataset/older checkpoint removed", "the newest one is enough"},
	{"hub/older root", "nothing names it"}, {"hub/older keys", "nothing names it"}, {"pool/older", "nothing names it"},
	{"hub/folded segment replaced by a fence", makesWay}, {"dataset/folded segment replaced by a fence", makesWay},
	{"hub/fence removed 0", makesWay}, {"dataset/fence removed 0", makesWay},
	{"hub/fence replaced by what it was", "it says the same"}, {"dataset/fence replaced by what it was", "it says the same"},
}

func judged(all []judgement, name string) bool {
	return slices.ContainsFunc(all, func(j judgement) bool { return strings.HasPrefix(name, j.prefix) })
}

// TestDamagedStore damages one object of the store at a time, of each kind and
// in each way, and reads everything by a gateway that has no caches. The client
// must see errors or broken connections, never other bytes, and nothing may be
// missing without an error; and fsck must name what is lost.
func TestDamagedStore(t *testing.T) {
	for _, c := range []struct {
		name    string
		scene   func(*testing.T) *scene
		kinds   []string
		each    int // objects of a kind that are damaged: the first, and the last
		damages []damage
	}{
		{"log", func(t *testing.T) *scene { return logScene(t, newFolder(t)) }, logKinds, 2, damages},
		{"folded", func(t *testing.T) *scene { return foldedScene(t, newFolder(t)) }, foldedKinds, 1, damages},
		{"bucket", func(t *testing.T) *scene { return foldedScene(t, newBucket(t)) }, foldedKinds, 1,
			slices.DeleteFunc(slices.Clone(damages), func(d damage) bool { return !slices.Contains(atBucket, d.name) })},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := c.scene(t)
			for kind, objects := range s.kinds {
				if !slices.Contains(c.kinds, kind) {
					t.Errorf("there are objects of the kind %q: %q", kind, objects)
				}
			}
			for _, kind := range c.kinds {
				if len(s.kinds[kind]) == 0 {
					t.Errorf("there is no object of the kind %q", kind)
				}
				for number, object := range sample(s.kinds[kind], c.each) {
					for _, d := range c.damages {
						s.damageAndLook(t, d, object, fmt.Sprintf("%s %s %d", kind, d.name, number))
					}
				}
			}
			s.restore(t)
			if v := s.look(t); !v.unspoiled() {
				t.Errorf("a store without damage is seen as %+v", v)
			}
			if said, err := s.fsck(t); err != nil {
				t.Errorf("fsck of a store without damage: %v\n%s", err, said)
			}
		})
	}
}

func (s *scene) damageAndLook(t *testing.T, d damage, object, name string) {
	t.Helper()
	s.restore(t)
	if !d.do(t, s, object) {
		return
	}
	t.Run(name, func(t *testing.T) {
		said, found := s.fsck(t)
		v := s.look(t)
		known.judge(t, s.judge(v, said, found, object, name))
	})
}

// judge says what is wrong with what was seen of a damage.
func (s *scene) judge(v *sight, said string, found error, object, name string) error {
	switch {
	case len(v.wrong) > 0:
		return fmt.Errorf("nobody put %q", v.wrong)
	case len(v.absent) > 0 && !judged(forgotten, name):
		return fmt.Errorf("%d things are gone without an error, the first: %q", len(v.absent), v.absent[0])
	case v.unspoiled() && !judged(unread, name):
		return errors.New("everything is read as if nothing were")
	case found == nil && !judged(unchecked, name):
		return fmt.Errorf("fsck finds nothing: %s", said)
	case found == nil:
		return nil
	}
	return s.names(said, v, object)
}
