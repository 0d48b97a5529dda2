package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

// startDamaged is how long a gateway on a damaged store may take to be ready;
// one that refuses to start is as good as one that answers with errors.
const startDamaged = 5 * time.Second

// A damage is something that may happen to a file of the store.
type damage struct {
	name string
	do   func(s *scene, object string) error // errNone where it cannot happen
}

var errNone = errors.New("there is nothing of the kind")

var damages = []damage{
	{"first byte flipped", flipped(func(int) int { return 0 })},
	{"byte flipped in the first quarter", flipped(func(n int) int { return n / 5 })},
	{"byte flipped in the middle", flipped(func(n int) int { return n / 2 })},
	{"byte flipped near the end", flipped(func(n int) int { return n - min(n, 40) })},
	{"last byte flipped", flipped(func(n int) int { return n - 1 })},
	{"cut in half", cut(func(n int) int { return n / 2 })},
	{"one byte short", cut(func(n int) int { return n - 1 })},
	{"emptied", cut(func(int) int { return 0 })},
	{"removed", func(s *scene, object string) error { return os.Remove(s.file(object)) }},
	{"replaced by another", replaced},
	{"swapped with another", swapped},
	{"replaced by a fence", fenced},
}

func flipped(at func(size int) int) func(*scene, string) error {
	return altered(func(text []byte) []byte {
		text[at(len(text))] ^= 0x10
		return text
	})
}

func cut(to func(size int) int) func(*scene, string) error {
	return altered(func(text []byte) []byte { return text[:to(len(text))] })
}

func altered(alter func([]byte) []byte) func(*scene, string) error {
	return func(s *scene, object string) error {
		text, err := os.ReadFile(s.file(object))
		if err != nil {
			return err
		}
		return s.write(object, alter(text))
	}
}

// replaced puts the bytes of the object before, of the same kind, in place of
// an object: of a numbered one, an older one's.
func replaced(s *scene, object string) error {
	other, err := s.neighbour(object)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(s.file(other))
	if err != nil {
		return err
	}
	return s.write(object, text)
}

func swapped(s *scene, object string) error {
	other, err := s.neighbour(object)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(s.file(object))
	if err != nil {
		return err
	}
	if err := replaced(s, object); err != nil {
		return err
	}
	return s.write(other, text)
}

// A judgement names cases, by the beginning of their names, in which a damage
// is not noticed, and why.
type judgement struct{ prefix, reason string }

// unread are the damages that reading every file does not notice. What it gives
// is right for all that.
var unread = []judgement{
	{"log/pools/default/blocks/*/* first byte flipped", "a block's magic: no file's bytes hang on it"},
	{"folded/datasets/*/checkpoints/* removed", "the one before and the segments since say the same"},
	{"folded/datasets/*/checkpoints/* older", "the newest one is read"},
	{"folded/datasets/*/log/* folded", "the checkpoint stands for it"},
	{"folded/datasets/*/log/* fence", "the checkpoint stands for what it stands for"},
	{"folded/pools/default/nodes/*/*", "it is one of an older fold, or the root, which the checkpoint holds too"},
	{"folded/pools/default/blocks/*/* first byte flipped", "a block's magic: no file's bytes hang on it"},
}

func judged(all []judgement, name string) bool {
	return slices.ContainsFunc(all, func(j judgement) bool { return strings.HasPrefix(name, j.prefix) })
}

// TestDamagedStore damages one object of the store at a time, of each kind and
// in each way, and reads everything by a gateway that has no caches. The client
// must see errors or broken connections, never other bytes; and an error there
// must be, for no damage goes unseen.
func TestDamagedStore(t *testing.T) {
	for name, make := range map[string]func(*testing.T) *scene{"log": logScene, "folded": foldedScene} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := make(t)
			for kind, objects := range s.kinds {
				for number, object := range sample(objects) {
					for _, d := range damages {
						damageAndRead(t, s, d, object, fmt.Sprintf("%s %s %d", kind, d.name, number))
					}
				}
			}
			s.restore(t)
			if seen, err := s.read(t); seen || err != nil {
				t.Errorf("a store without damage gives errors: %t, %v", seen, err)
			}
			if said, err := s.fsck(t); err != nil {
				t.Errorf("fsck of a store without damage: %v\n%s", err, said)
			}
		})
	}
}

func damageAndRead(t *testing.T, s *scene, d damage, object, name string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		name := s.name + "/" + name
		s.restore(t)
		err := d.do(s, object)
		if errors.Is(err, errNone) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		said, found := s.fsck(t)
		seen, err := s.read(t)
		if err == nil && !seen && !judged(unread, name) {
			err = errors.New("every file is read as if nothing were")
		}
		if err == nil && found == nil && !judged(unchecked, name) {
			err = fmt.Errorf("fsck finds nothing: %s", said)
		}
		known.judge(t, err)
	})
}

// unchecked are the damages that fsck does not notice.
var unchecked = []judgement{
	{"log/hub/log/* removed", "the log was that long once"},
	{"log/datasets/*/log/* removed 1", "the log was that long once"},
	{"folded/hub/log/* removed", "the log was that long once"},
	{"folded/datasets/*/log/* removed 1", "the log was that long once"},
	{"folded/datasets/*/checkpoints/* older removed", "the newest one is enough"},
	{"folded/datasets/*/log/* folded replaced by a fence", "that is what becomes of it"},
	{"folded/datasets/*/log/* fence removed 0", "that is what becomes of it"},
	{"folded/pools/default/nodes/*/* older", "nothing names it"},
}

// fsck checks the damaged store, data and all. It must find a problem, and say
// so, or none.
func (s *scene) fsck(t *testing.T) (said string, problem error) {
	t.Helper()
	said, err := newShell(t).run(t.Context(), builtBinary(t), "fsck", "--store", s.store, "--data", filepath.Join(t.TempDir(), "data"), "--read-data")
	return said, err
}

// read starts the gateway on the damaged store and reads every file and the
// listing. It reports whether anything was seen of the damage, and returns an
// error if a client is given other bytes or names.
func (s *scene) read(t *testing.T) (seen bool, err error) {
	t.Helper()
	g := s.g
	if err := os.RemoveAll(filepath.Join(g.data, "catalog")); err != nil {
		t.Fatal(err)
	}
	g.launch(t)
	ctx, cancel := context.WithTimeout(t.Context(), startDamaged)
	defer cancel()
	ready := g.ready(ctx)
	if g.cmd != nil {
		defer g.kill()
	}
	if ready != nil {
		return true, nil
	}
	c := minio.Core{Client: newMinio(t, g.endpoint, func(o *minio.Options) { o.MaxRetries = 1 })}
	var lost atomic.Bool
	var all errgroup.Group // a client waits a little before it tells of an error
	for key, sum := range s.want {
		all.Go(func() error {
			got, err := readVersion(t.Context(), c, s.bucket, key)
			switch {
			case err != nil || got == digest{}:
				lost.Store(true)
			case got != sum:
				return fmt.Errorf("%q is read with the digest %v, want %v or an error", key, got, sum)
			}
			return nil
		})
	}
	all.Go(func() error {
		listed, err := listing(t.Context(), c, s.bucket)
		if err != nil || !slices.Equal(listed, s.listed) {
			lost.Store(true)
		}
		return explains(listed, s.listed)
	})
	err = all.Wait()
	return lost.Load(), err
}

// listing are the keys of a bucket with their ETags.
func listing(ctx context.Context, c minio.Core, bucket string) ([]string, error) {
	var all []string
	for object := range c.Client.ListObjects(ctx, bucket, minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			return all, object.Err
		}
		all = append(all, object.ETag+" "+object.Key)
	}
	return all, nil
}

// explains returns an error if something is listed that was not put. That
// something is not listed any more may be for the loss of a log's end.
func explains(listed, want []string) error {
	for _, row := range listed {
		if !slices.Contains(want, row) {
			return fmt.Errorf("%q is listed, and nobody put it", row)
		}
	}
	return nil
}
