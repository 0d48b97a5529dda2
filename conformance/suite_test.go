package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const largeBytes = 100 << 20

// TestClients runs every client through every step, over http and over https:
// clients send other bodies over the one than over the other.
func TestClients(t *testing.T) { runSuites(t, contenders(t)) }

func runSuites(t *testing.T, all []contender) {
	t.Helper()
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			e := servedAt(t, scheme == "https")
			if e == nil {
				t.Skip("-endpoint names a server of the other scheme")
			}
			runSuitesAt(t, *e, all)
		})
	}
}

func runSuitesAt(t *testing.T, e endpoint, all []contender) {
	t.Helper()
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			newSuite(t, e, c).run(t)
		})
	}
}

// A suite is one client at work beside the reference. The steps stand alone:
// one that fails leaves the others their worth.
type suite struct {
	client
	beside *reference
	tree   func(ctx context.Context) error
	dir    string // scratch
	seed   uint64 // of the files that the steps make; each client has others
}

func newSuite(t *testing.T, e endpoint, c contender) *suite {
	t.Helper()
	name := strings.ReplaceAll(c.name, "_", "-")
	hash := fnv.New64a()
	hash.Write([]byte(e.url + name))
	s := &suite{beside: newReference(t, e, "work-"+name), dir: t.TempDir(), seed: hash.Sum64()}
	s.client = c.open(t, e, s.beside.bucket)

	besideNames := newReference(t, e, "names-"+name)
	switch names := c.open(t, e, besideNames.bucket).(type) {
	case treeClient:
		s.tree = func(ctx context.Context) error { return s.wholeTree(ctx, names, besideNames) }
	default:
		s.tree = func(ctx context.Context) error { return s.keyByKey(ctx, names, besideNames) }
	}
	return s
}

func (s *suite) run(t *testing.T) {
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"small", s.small},
		{"large", s.large},
		{"tree", s.tree},
		{"list", s.lists},
		{"copy", s.copies},
		{"move", s.moves},
		{"range", s.ranges},
		{"remove", s.removes},
		{"abort", s.aborts},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) { known.judge(t, step.do(t.Context())) })
	}
	if c, ok := s.client.(interface{ habits(context.Context) error }); ok {
		t.Run("habits", func(t *testing.T) { known.judge(t, c.habits(t.Context())) })
	}
}

// small sends files from empty to a little over the smallest chunk, and reads
// them back.
func (s *suite) small(ctx context.Context) error {
	for _, size := range []int64{0, 1, 70_000} {
		if err := s.roundTrip(ctx, fmt.Sprintf("v1/small/%d.bin", size), size); err != nil {
			return err
		}
	}
	return nil
}

// large sends a file that every client sends in parts, and copies it in the
// store.
func (s *suite) large(ctx context.Context) error {
	const key, twin = "v1/large.bin", "v2/large twin.bin"
	if err := s.roundTrip(ctx, key, largeBytes); err != nil {
		return err
	}
	if err := s.copy(ctx, key, twin); err != nil {
		return err
	}
	want, err := sumOf(io.LimitReader(randomBytes(s.seed), largeBytes))
	if err != nil {
		return err
	}
	return s.beside.expect(ctx, twin, want)
}

// roundTrip puts a new file, looks at it from beside, and gets it back.
func (s *suite) roundTrip(ctx context.Context, key string, size int64) error {
	sent, got := filepath.Join(s.dir, "sent"), filepath.Join(s.dir, "got")
	defer os.Remove(sent)
	defer os.Remove(got)
	want, err := writeRandom(sent, size, s.seed)
	if err != nil {
		return err
	}
	if err := s.put(ctx, sent, key); err != nil {
		return err
	}
	if err := s.beside.expect(ctx, key, want); err != nil {
		return err
	}
	return s.expect(ctx, key, want)
}

// expect gets an object by the client and compares its digest.
func (s *suite) expect(ctx context.Context, key string, want digest) error {
	return expect(ctx, s.client, key, filepath.Join(s.dir, "expected"), want)
}

func expect(ctx context.Context, c client, key, file string, want digest) error {
	defer os.Remove(file)
	if err := c.get(ctx, key, file); err != nil {
		return err
	}
	got, err := sumOfFile(file)
	if err == nil && got != want {
		err = fmt.Errorf("got %q with the digest %v, want %v", key, got, want)
	}
	return err
}

// wholeTree copies a folder of odd names in, and out again.
func (s *suite) wholeTree(ctx context.Context, c treeClient, beside *reference) error {
	const prefix = "v1/"
	sent, got := filepath.Join(s.dir, "tree"), filepath.Join(s.dir, "tree again")
	want, err := writeNames(filepath.Join(sent, prefix), prefix, fileNames())
	if err != nil {
		return err
	}
	if err := c.putTree(ctx, filepath.Join(sent, prefix), prefix); err != nil {
		return err
	}
	stored, err := beside.tree(ctx, func(key string) bool { return !strings.HasSuffix(key, "/") })
	if err != nil {
		return err
	}
	if err := differ(stored, want); err != nil {
		return fmt.Errorf("in the store: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(got, prefix), 0o755); err != nil {
		return err
	}
	if err := c.getTree(ctx, prefix, filepath.Join(got, prefix)); err != nil {
		return err
	}
	returned, err := sumOfTree(got)
	if err != nil {
		return err
	}
	if err := differ(returned, want); err != nil {
		return fmt.Errorf("copied out again: %w", err)
	}
	return nil
}

// keyByKey puts and gets every odd name as a whole key.
func (s *suite) keyByKey(ctx context.Context, c client, beside *reference) error {
	want := map[string]digest{}
	file := filepath.Join(s.dir, "named")
	for _, name := range oddNames() {
		var err error
		if want[name], err = writeAll(file, strings.NewReader("the bytes of "+name)); err != nil {
			return err
		}
		if err := c.put(ctx, file, name); err != nil {
			return fmt.Errorf("put %q: %w", name, err)
		}
	}
	stored, err := beside.tree(ctx, func(string) bool { return true })
	if err != nil {
		return err
	}
	if err := differ(stored, want); err != nil {
		return fmt.Errorf("in the store: %w", err)
	}
	for _, name := range oddNames() {
		if err := expect(ctx, c, name, file, want[name]); err != nil {
			return fmt.Errorf("get %q: %w", name, err)
		}
	}
	keys, err := c.list(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(keys, oddNames()) {
		return fmt.Errorf("listed %d keys, want the %d that were put, in byte order", len(keys), len(want))
	}
	return nil
}

// lists compares the client's listing with the keys that are there.
func (s *suite) lists(ctx context.Context) error {
	for _, key := range []string{"v1/list/one", "v1/list/with space + plus %41 #.bin", "v1/list/日本語"} {
		if err := s.beside.put(ctx, key, []byte(key)); err != nil {
			return err
		}
	}
	got, err := s.list(ctx)
	if err != nil {
		return err
	}
	want, err := s.beside.keys(ctx)
	if err != nil {
		return err
	}
	want = slices.DeleteFunc(want, func(key string) bool { return strings.HasSuffix(key, "/") })
	got = slices.DeleteFunc(got, func(key string) bool { return strings.HasSuffix(key, "/") })
	slices.Sort(got)
	if !slices.Equal(got, want) {
		return fmt.Errorf("listed %q, want %q", got, want)
	}
	return nil
}

// copies copies an object that the client has not put itself.
func (s *suite) copies(ctx context.Context) error {
	const from, to = "v1/copy/from + %20 é.bin", "v2/copy/to #1 ü.bin"
	data := []byte("copied")
	if err := s.beside.put(ctx, from, data); err != nil {
		return err
	}
	if err := s.copy(ctx, from, to); err != nil {
		return err
	}
	return errors.Join(s.beside.expect(ctx, to, sumOfBytes(data)), s.beside.expect(ctx, from, sumOfBytes(data)))
}

func (s *suite) moves(ctx context.Context) error {
	const from, to = "v1/move/from + %20 é.bin", "v1/move/to #1 ü.bin"
	data := []byte("moved")
	if err := s.beside.put(ctx, from, data); err != nil {
		return err
	}
	if err := s.move(ctx, from, to); err != nil {
		return err
	}
	return errors.Join(s.beside.expect(ctx, to, sumOfBytes(data)), s.absent(ctx, from))
}

func (s *suite) ranges(ctx context.Context) error {
	const key = "v1/range.bin"
	data, err := io.ReadAll(io.LimitReader(randomBytes(s.seed), 3<<20))
	if err != nil {
		return err
	}
	if err := s.beside.put(ctx, key, data); err != nil {
		return err
	}
	for _, span := range [][2]int64{{1, 1}, {1<<20 - 1, 1<<20 + 2}, {3<<20 - 5, 5}} {
		got, err := s.part(ctx, key, span[0], span[1])
		if err != nil {
			return err
		}
		if !bytes.Equal(got, data[span[0]:span[0]+span[1]]) {
			return fmt.Errorf("%d bytes from %d are not those that were put; got %d", span[1], span[0], len(got))
		}
	}
	return nil
}

func (s *suite) removes(ctx context.Context) error {
	const key = "v1/remove/with space + plus.bin"
	if err := s.beside.put(ctx, key, []byte("removed")); err != nil {
		return err
	}
	if err := s.remove(ctx, key); err != nil {
		return err
	}
	return s.absent(ctx, key)
}

// absent returns an error unless the key is gone from listings and the client
// cannot get it either.
func (s *suite) absent(ctx context.Context, key string) error {
	keys, err := s.beside.keys(ctx)
	if err != nil {
		return err
	}
	if slices.Contains(keys, key) {
		return fmt.Errorf("%q is still listed", key)
	}
	file := filepath.Join(s.dir, "absent")
	defer os.Remove(file)
	// rclone takes a missing object for an empty folder, and copies nothing.
	if err := s.get(ctx, key, file); err != nil {
		return nil
	}
	if _, err := os.Stat(file); err == nil {
		return fmt.Errorf("%q can still be read", key)
	}
	return nil
}

func (s *suite) aborts(ctx context.Context) error {
	const key = "v1/never + finished.bin"
	if err := s.beside.beginUpload(ctx, key); err != nil {
		return err
	}
	if open, err := s.beside.uploads(ctx); err != nil || !slices.Equal(open, []string{key}) {
		return fmt.Errorf("unfinished uploads are %q, %v, want %q", open, err, []string{key})
	}
	if err := s.abortUploads(ctx); err != nil {
		return err
	}
	if open, err := s.beside.uploads(ctx); err != nil || len(open) > 0 {
		return fmt.Errorf("unfinished uploads are %q, %v, want none", open, err)
	}
	return s.absent(ctx, key)
}
