package conformance

import (
	"errors"
	"fmt"
	"slices"
	"testing"
)

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
		{"bucket", func(t *testing.T) *scene { return foldedScene(t, newBucket(t, "AETHERFS_CACHE_SIZE=0")) }, foldedKinds, 1,
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
	case found == nil && (!judged(unchecked, name) || v.down || len(v.failed) > 0):
		return fmt.Errorf("fsck finds nothing: %s", said)
	case found == nil:
		return nil
	}
	return s.names(said, v, object)
}
