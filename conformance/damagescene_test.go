package conformance

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	mathrand "math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"

	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/manifest"
	"aetherfs/internal/upkeep"
)

// The buckets of a scene: a damaged object may be swapped with one of another.
const (
	damagedBucket = "damaged"
	otherBucket   = "other"
)

// A scene is a store to be damaged, and what is in it.
type scene struct {
	g          *gateway // stopped, but for reading
	references map[string]*reference

	shelf
	whole   map[string][]byte // every object, as it is without damage
	older   map[string][]byte // what an object was before, if it was another
	spoiled map[string]bool   // the objects that are damaged now

	want   map[string]digest // files to read, by bucket and key
	listed []string          // everything that is listed
	owners map[string]string // the names of the datasets, by id
	kinds  map[string][]string
}

// newScene starts a gateway on an empty shelf. Its chunks are small, so that
// small files have long recipes.
func newScene(t *testing.T, at shelf) *scene {
	t.Helper()
	st, shut := at.open(t)
	if _, err := catalog.OpenRepository(t.Context(), st, rand.Reader, catalog.Chunker{Algorithm: "fastcdc", Average: dedupe.MinChunkBytes}); err != nil {
		t.Fatal(err)
	}
	shut()
	s := &scene{
		shelf: at, g: newGateway(t, false, at.env()...),
		older: map[string][]byte{}, want: map[string]digest{}, owners: map[string]string{}, spoiled: map[string]bool{},
	}
	s.references = map[string]*reference{damagedBucket: newReference(t, s.g.endpoint, damagedBucket), otherBucket: newReference(t, s.g.endpoint, otherBucket)}
	return s
}

// logScene is a store whose logs were never folded: with files that segments
// embed, files in blocks, and one in parts.
func logScene(t *testing.T, at shelf) *scene {
	t.Helper()
	s := newScene(t, at)
	s.fill(t, damagedBucket, "v1/", 0, 100, 3000, 60_000, 200_000, 1<<20, 3<<20, 20<<20) // the largest goes in parts
	s.fill(t, otherBucket, "v7/", 200, 4000, 210_000, 1<<20, 2<<20)
	s.put(t, damagedBucket, "v1/text", bytes.Repeat([]byte("a line of text that shrinks\n"), 40_000))
	s.finish(t)
	return s
}

// foldedScene is a store whose logs, the hub's too, were folded twice, with
// files from before, between and after. What was folded first has become
// fences, what was folded then has not.
func foldedScene(t *testing.T, at shelf) *scene {
	t.Helper()
	s := newScene(t, at)
	s.fill(t, damagedBucket, "v1/", 0, 3000, 200_000, 1<<20)
	s.putNames(t)
	s.putPieces(t)
	s.fill(t, otherBucket, "v7/", 100, 250_000)
	s.foldStopped(t, true)
	newReference(t, s.g.endpoint, "between")
	s.fill(t, damagedBucket, "v1/", 700) // into the tag of the many names
	s.fill(t, damagedBucket, "v2/", 100, 170_000, 300_000)
	s.fill(t, otherBucket, "v8/", 300, 180_000, 300_000)
	s.foldStopped(t, false)
	newReference(t, s.g.endpoint, "after")
	newReference(t, s.g.endpoint, "last")
	s.fill(t, damagedBucket, "v3/", 200, 180_000, 200_000)
	s.fill(t, otherBucket, "v9/", 400, 190_000, 210_000)
	s.finish(t)
	return s
}

// put puts a file that is to be read.
func (s *scene) put(t *testing.T, bucket, key string, data []byte) {
	t.Helper()
	if err := s.references[bucket].put(t.Context(), key, data); err != nil {
		t.Fatal(err)
	}
	s.want[bucket+"/"+key] = sumOfBytes(data)
}

func (s *scene) fill(t *testing.T, bucket, prefix string, sizes ...int64) {
	t.Helper()
	for key, sum := range fill(t, s.references[bucket], prefix, sizes...) {
		s.want[bucket+"/"+key] = sum
	}
}

// fill puts files of these sizes.
func fill(t *testing.T, r *reference, prefix string, sizes ...int64) map[string]digest {
	t.Helper()
	want := map[string]digest{}
	for i, size := range sizes {
		key := fmt.Sprintf("%s%d", prefix, size)
		data, err := io.ReadAll(io.LimitReader(randomBytes(uint64(i)+uint64(prefix[1])<<8), size))
		if err != nil {
			t.Fatal(err)
		}
		want[key] = sumOfBytes(data)
		if err := r.put(t.Context(), key, data); err != nil {
			t.Fatal(err)
		}
	}
	return want
}

// putNames puts so many tiny files that nodes hold them, not the root alone.
// Some of them are to be read.
func (s *scene) putNames(t *testing.T) {
	t.Helper()
	const names, read = 2000, 20
	r := s.references[damagedBucket]
	var all errgroup.Group
	all.SetLimit(64)
	for i := range names {
		key := fmt.Sprintf("v1/names/%05d", i)
		if i%(names/read) == 0 {
			s.want[damagedBucket+"/"+key] = sumOfBytes([]byte(key))
		}
		all.Go(func() error { return putText(t.Context(), r.core, r.bucket, key, key, minio.PutObjectOptions{}) })
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
}

// putPieces puts a file that is made of pieces of another in no order: its
// recipe is so long that it lies in a node of its own.
func (s *scene) putPieces(t *testing.T) {
	t.Helper()
	const pieces, pieceBytes = 200, 16 << 10
	from, err := io.ReadAll(io.LimitReader(randomBytes(1), 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	order := mathrand.New(mathrand.NewPCG(1, 0))
	var data []byte
	for range pieces {
		at := order.IntN(len(from) - pieceBytes)
		data = append(data, from[at:at+pieceBytes]...)
	}
	s.put(t, damagedBucket, "v1/source", from)
	s.put(t, damagedBucket, "v1/pieces", data)
}

// foldStopped stops the gateway, folds all logs as another would, and has what
// was folded make way for fences if that is asked for. Before, it makes so many
// keys that the root of the hub does not hold them.
func (s *scene) foldStopped(t *testing.T, retire bool) {
	t.Helper()
	s.g.stop(t)
	before := s.readAll(t)
	st, shut := s.open(t)
	b := newBuilder(t, st)
	for i := range 20 {
		k := manifest.Key{Access: fmt.Sprintf("key-%d-%t", i, retire), Sealed: make([]byte, 4<<10)}
		_, _ = rand.Read(k.Sealed)
		if err := b.names.CreateKey(t.Context(), k); err != nil {
			t.Fatal(err)
		}
	}
	for bucket := range s.references {
		if _, err := b.names.Dataset(t.Context(), bucket); err != nil {
			t.Fatal(err)
		}
	}
	k := upkeep.New(upkeep.Options{Names: b.names, Bytes: b.bytes, FoldRecords: 1, RetireAfter: atOnce, Jitter: func() float64 { return 1 }})
	k.FoldDue(t.Context())
	if retire {
		k.Retire(t.Context())
	}
	b.close(t)
	shut()
	for object, data := range s.readAll(t) {
		if was, ok := before[object]; ok && !bytes.Equal(was, data) {
			s.older[object] = was
		}
	}
	s.g.start(t)
}

// readAll is every object of the store.
func (s *scene) readAll(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, object := range s.objects(t) {
		all[object] = s.read(t, object)
	}
	return all
}

// finish stops the gateway and takes down what is in the store.
func (s *scene) finish(t *testing.T) {
	t.Helper()
	var err error
	if s.listed, err = s.listing(t.Context(), minio.Core{Client: newMinio(t, s.g.endpoint)}); err != nil {
		t.Fatal(err)
	}
	s.g.stop(t)
	s.whole = s.readAll(t)
	st, shut := s.open(t)
	b := newBuilder(t, st)
	datasets, err := b.names.Datasets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for d := range datasets {
		s.owners[d.ID.String()] = d.Name
	}
	b.close(t)
	shut()
	s.sort(t)
}

// spoil makes an object hold other bytes; nil: it is gone.
func (s *scene) spoil(t *testing.T, object string, data []byte) {
	t.Helper()
	s.spoiled[object] = true
	if data == nil {
		s.remove(t, object)
		return
	}
	s.write(t, object, data)
}

// restore makes the store one without damage, also of what a gateway has
// written since.
func (s *scene) restore(t *testing.T) {
	t.Helper()
	there := s.objects(t)
	for _, object := range there {
		if s.whole[object] == nil {
			s.remove(t, object)
		}
	}
	for _, object := range slices.Sorted(maps.Keys(s.whole)) {
		if _, ok := slices.BinarySearch(there, object); s.spoiled[object] || !ok {
			s.write(t, object, s.whole[object])
		}
	}
	clear(s.spoiled)
}

// catalogFolder is the gateway's cache.
func (s *scene) catalogFolder() string { return filepath.Join(s.g.data, "catalog") }
