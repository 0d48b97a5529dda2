package conformance

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/minio/crc64nvme"
	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

const struckAtOnce = 20 // parts, after each file that was read

// TestDamagedCache damages parts in the folder of a gateway's disk cache while
// everything is read, before and after restarts: nothing but the right bytes is
// read. Then it damages the bucket behind the cache too: what is read are the
// right bytes or errors, and the right bytes when the bucket is whole again.
func TestDamagedCache(t *testing.T) {
	t.Parallel()
	s := cachedScene(t)
	v := &vandal{folder: filepath.Join(s.g.data, "ranges"), random: rand.New(rand.NewPCG(newSeed(t), 0))}
	s.g.start(t)
	for range 2 {
		s.wantWhole(t, v)
		s.g.restart(t, false)
		s.wantWhole(t, v)
	}
	if s.g.hits(t) == 0 {
		t.Error("nothing was read from the cache")
	}
	block := slices.MaxFunc(s.kinds["pool/block"], func(a, b string) int { return len(s.whole[a]) - len(s.whole[b]) })
	failed := 0
	for _, d := range damages {
		if !slices.Contains(atBucket, d.name) || !d.do(t, s, block) {
			continue
		}
		for range 2 {
			seen := s.lookThrough(t, v)
			if len(seen.wrong)+len(seen.absent) > 0 {
				t.Errorf("%s: a damaged cache before a damaged bucket is seen as %+v", d.name, seen)
			}
			failed += len(seen.failed)
			s.g.restart(t, false)
		}
		s.restore(t)
		s.wantWhole(t, v)
	}
	if failed == 0 {
		t.Error("all damages of the bucket went unseen")
	}
}

// wantWhole fails the test unless everything is read as if the cache were not
// damaged.
func (s *scene) wantWhole(t *testing.T, cache *vandal) {
	t.Helper()
	if seen := s.lookThrough(t, cache); !seen.unspoiled() {
		t.Errorf("a damaged cache before a whole bucket is seen as %+v", seen)
	}
}

// cachedScene is a bucket with more in it than the gateway has memory for.
func cachedScene(t *testing.T) *scene {
	t.Helper()
	s := newScene(t, newBucket(t, "AETHERFS_CACHE_PART=64KiB", "AETHERFS_MEMORY=128MiB", "AETHERFS_METRICS_OPEN=true"))
	s.fill(t, damagedBucket, "v1/", 3000, 200_000, 1<<20, 2<<20, 3<<20, 20<<20)
	s.fill(t, otherBucket, "v2/", 210_000, 1<<20, 4<<20, 20<<20)
	s.put(t, damagedBucket, "v1/text", bytes.Repeat([]byte("a line of text that shrinks\n"), 40_000))
	s.finish(t)
	return s
}

// lookThrough reads every file over S3 and HTTP, with damage done to the cache
// in between.
func (s *scene) lookThrough(t *testing.T, cache *vandal) *sight {
	t.Helper()
	v := &sight{}
	c := minio.Core{Client: newMinio(t, s.g.endpoint, func(o *minio.Options) { o.MaxRetries = 1 })}
	var all errgroup.Group
	for file, sum := range s.want {
		all.Go(func() error {
			cache.strike(struckAtOnce)
			v.file(t.Context(), c, file, sum)
			cache.strike(struckAtOnce)
			got, err := s.g.page(t.Context(), file)
			v.take(file, got, sum, err)
			return nil
		})
	}
	_ = all.Wait()
	return v
}

// page reads a file over HTTP; the zero digest is that it is not there.
func (g *gateway) page(ctx context.Context, path string) (digest, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url+"/fs/"+path, nil)
	if err != nil {
		return digest{}, err
	}
	req.SetBasicAuth(g.access, g.secret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return digest{}, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return sumOf(resp.Body)
	case http.StatusNotFound:
		return digest{}, nil
	}
	return digest{}, errors.New(resp.Status)
}

// hits is how many parts the gateway has read from its disk cache.
func (g *gateway) hits(t *testing.T) int64 {
	return g.metric(t, `aetherfs_cache_parts_total{outcome="hit"}`)
}

// metric is the value of a series, of a gateway that shows its metrics to all.
func (g *gateway) metric(t *testing.T, series string) int64 {
	t.Helper()
	resp, err := http.Get(g.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, value, _ := strings.Cut(string(text), "\n"+series+" ")
	var n float64
	if _, err := fmt.Sscan(value, &n); err != nil {
		t.Fatalf("metric %s: %v", series, err)
	}
	return int64(n)
}

// A vandal does to the folder of a disk cache what disks and people do.
type vandal struct {
	folder string

	mu     sync.Mutex
	random *rand.Rand // guarded by mu
}

// strike damages so many parts, if there are as many. They may go at any time.
func (v *vandal) strike(n int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.random.IntN(50) == 0 {
		_ = os.RemoveAll(v.folder)
	}
	parts := v.parts()
	v.random.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	for i := range min(n, len(parts)/2) {
		v.damage(parts[i], parts[len(parts)-1-i])
	}
}

// parts are the files in the folder.
func (v *vandal) parts() (all []string) {
	_ = filepath.WalkDir(v.folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			all = append(all, path)
		}
		return nil
	})
	return all
}

// damage damages a part, or puts another in its place. v.mu is held.
func (v *vandal) damage(path, other string) {
	data, err := os.ReadFile(path)
	if err != nil || len(data) < footerBytes {
		return
	}
	at := v.random.IntN(len(data))
	flipped := slices.Clone(data)
	flipped[at] ^= 1 << v.random.IntN(8)
	switch v.random.IntN(8) {
	case 0:
		_ = os.WriteFile(path, flipped, 0o600)
	case 1:
		_ = os.WriteFile(path, forged(path, flipped), 0o600)
	case 2:
		_ = os.Truncate(path, int64(at))
	case 3:
		_ = os.WriteFile(path, append(data, 0), 0o600)
	case 4:
		_ = os.WriteFile(path, make([]byte, len(data)), 0o600)
	case 5:
		if data, err := os.ReadFile(other); err == nil {
			_ = os.WriteFile(path, data, 0o600)
		}
	case 6:
		_ = os.Remove(path)
	case 7:
		_ = os.Remove(path)
		_ = syscall.Mkfifo(path, 0o600)
	}
}

// footerBytes is the length of a part's footer, which ends with a checksum of the
// rest of it, the part's name and its data.
const footerBytes = 40

// forged gives a part the checksum that its bytes have.
func forged(path string, part []byte) []byte {
	name, _ := hex.DecodeString(strings.ReplaceAll(filepath.Base(path), "-", ""))
	data, footer := part[:len(part)-footerBytes], part[len(part)-footerBytes:]
	h := crc64nvme.New()
	_, _ = h.Write(footer[:footerBytes-8])
	_, _ = h.Write(name)
	_, _ = h.Write(data)
	binary.BigEndian.PutUint64(footer[footerBytes-8:], h.Sum64())
	return part
}
