package conformance

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

// startDamaged is how long a gateway on a damaged store may take to be ready;
// one that refuses to start is as good as one that answers with errors.
const startDamaged = 5 * time.Second

// A sight is what clients see of a store.
type sight struct {
	mu     sync.Mutex
	down   bool     // the gateway does not serve
	failed []string // what could not be read, by bucket and key; guarded by mu
	absent []string // what is said not to be there; guarded by mu
	wrong  []string // what was never put; guarded by mu
}

func (v *sight) note(list *[]string, what string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	*list = append(*list, what)
}

// unspoiled reports whether everything is as if there were no damage.
func (v *sight) unspoiled() bool { return !v.down && len(v.failed)+len(v.absent)+len(v.wrong) == 0 }

// everything is what fails where a list does.
const everything = "the listing"

// look starts the gateway with empty caches on the damaged store and reads every
// file and the listing.
func (s *scene) look(t *testing.T) *sight {
	t.Helper()
	v := &sight{}
	if err := os.RemoveAll(s.catalogFolder()); err != nil {
		t.Fatal(err)
	}
	s.g.launch(t)
	ctx, cancel := context.WithTimeout(t.Context(), startDamaged)
	defer cancel()
	ready := s.g.ready(ctx)
	if s.g.cmd != nil {
		defer s.g.kill()
	}
	if ready != nil {
		v.down = true
		return v
	}
	c := minio.Core{Client: newMinio(t, s.g.endpoint, func(o *minio.Options) { o.MaxRetries = 1 })}
	var all errgroup.Group // a client waits a little before it tells of an error
	for file, sum := range s.want {
		all.Go(func() error { v.file(t.Context(), c, file, sum); return nil })
	}
	all.Go(func() error { v.list(t.Context(), c, s); return nil })
	_ = all.Wait()
	return v
}

func (v *sight) file(ctx context.Context, c minio.Core, file string, want digest) {
	bucket, key, _ := strings.Cut(file, "/")
	got, err := readVersion(ctx, c, bucket, key)
	if minio.ToErrorResponse(err).Code == minio.NoSuchBucket {
		got, err = digest{}, nil
	}
	v.take(file, got, want, err)
}

// take notes what was read as a file; the zero digest is that it is not there.
func (v *sight) take(file string, got, want digest, err error) {
	switch {
	case err == nil && got == digest{}:
		v.note(&v.absent, file)
	case err != nil:
		v.note(&v.failed, file)
	case got != want:
		v.note(&v.wrong, fmt.Sprintf("%s with the digest %v, want %v", file, got, want))
	}
}

func (v *sight) list(ctx context.Context, c minio.Core, s *scene) {
	listed, err := s.listing(ctx, c)
	if minio.ToErrorResponse(err).Code == minio.NoSuchBucket {
		err = nil // its keys are absent
	}
	if err != nil {
		v.note(&v.failed, everything)
	}
	for _, row := range listed {
		if !slices.Contains(s.listed, row) {
			v.note(&v.wrong, row)
		}
	}
	for _, row := range s.listed {
		if err == nil && !slices.Contains(listed, row) {
			v.note(&v.absent, row)
		}
	}
}

// listing is everything that is listed: the buckets, and the keys of those with
// files, with their ETags.
func (s *scene) listing(ctx context.Context, c minio.Core) (all []string, err error) {
	buckets, err := c.ListBuckets(ctx)
	for _, b := range buckets {
		all = append(all, b.Name)
	}
	for bucket := range s.references {
		for object := range c.Client.ListObjects(ctx, bucket, minio.ListObjectsOptions{Recursive: true}) {
			if object.Err != nil {
				return all, object.Err
			}
			all = append(all, fmt.Sprintf("%s %s/%s", object.ETag, bucket, object.Key))
		}
	}
	return all, err
}

// fsck checks the damaged store, data and all. It must find a problem, and say
// so, or none.
func (s *scene) fsck(t *testing.T) (said string, problem error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), builtBinary(t), "fsck", "--data", filepath.Join(t.TempDir(), "data"), "--read-data")
	cmd.Env = newShell(t, s.env()...).env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// names returns an error unless fsck has named what clients could not read: the
// file, or all of its bucket, or all of everything; and the log that the damaged
// object is of.
func (s *scene) names(said string, v *sight, object string) error {
	if strings.Contains(said, "\nthe hub: ") || strings.HasPrefix(said, "the hub: ") || strings.Contains(said, "aetherfs.json") {
		return nil
	}
	if title, ok := s.owners[idIn.FindString(object)]; ok && !named(said, title) {
		return fmt.Errorf("fsck does not name %s: %s", title, said)
	}
	for _, file := range v.failed {
		bucket, _, _ := strings.Cut(file, "/")
		if file != everything && !named(said, file) && !named(said, bucket) {
			return fmt.Errorf("fsck does not name %s: %s", file, said)
		}
	}
	return nil
}

var idIn = regexp.MustCompile(`[0-9a-f]{32}`)

// named reports whether a line tells of that dataset or file.
func named(said, what string) bool { return strings.Contains("\n"+said, "\n"+what+": ") }
