package conformance

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
)

const (
	writerKeys = 12       // of one writer; no other writes them
	wholePart  = 5 << 20  // the smallest part that another may follow
	lastPart   = 64 << 10 // a last part is at most so long
)

// A version is what a key may hold: size bytes that the seed decides. The zero
// version is no object.
type version struct {
	seed uint64
	size int64
}

func (v version) sum() (digest, error) {
	return sumOf(io.LimitReader(randomBytes(v.seed), v.size))
}

// A writer changes keys that are its own, one change at a time, and so knows
// what each of them holds: one version, or two while a change is unanswered.
type writer struct {
	core   minio.Core
	bucket string
	prefix string
	random *rand.Rand

	may    map[string][]version // by key; at least one each
	upload *openUpload          // nil for none

	acknowledged int // changes
}

// An openUpload is a multipart upload that goes on over crashes.
type openUpload struct {
	key, id string
	version version
	parts   []minio.CompletePart // the acknowledged ones
}

func newWriter(t *testing.T, e endpoint, bucket string, number int, seed uint64) *writer {
	t.Helper()
	once := func(o *minio.Options) { o.MaxRetries = 1 } // a repeated change would hide how the first ended
	w := &writer{
		core: minio.Core{Client: newMinio(t, e, once)}, bucket: bucket, prefix: fmt.Sprintf("writer%d/", number),
		random: rand.New(rand.NewPCG(seed, uint64(number)+1)), may: map[string][]version{},
	}
	for i := range writerKeys {
		w.may[fmt.Sprintf("%skey %d", w.prefix, i)] = []version{{}}
	}
	return w
}

// change changes the writer's keys until a change fails, and returns why.
func (w *writer) change(ctx context.Context) error {
	for {
		if err := w.step(ctx); err != nil {
			return err
		}
	}
}

// step makes one change, of a kind and a size that the writer's seed decides.
func (w *writer) step(ctx context.Context) error {
	key, other := w.anyKey(), w.anyKey()
	switch dice := w.random.IntN(100); {
	case dice < 60:
		return w.put(ctx, key, w.newVersion(w.anySize()))
	case dice < 72:
		return w.become(key, version{}, func() error {
			return w.core.RemoveObject(ctx, w.bucket, key, minio.RemoveObjectOptions{})
		})
	case dice < 86:
		return w.copy(ctx, other, key)
	default:
		return w.uploadStep(ctx, key)
	}
}

// become does a change that gives key the version next. Until it is answered
// the key may hold either.
func (w *writer) become(key string, next version, do func() error) error {
	w.may[key] = []version{w.may[key][0], next}
	if err := do(); err != nil {
		return err
	}
	w.may[key] = []version{next}
	w.acknowledged++
	return nil
}

func (w *writer) put(ctx context.Context, key string, v version) error {
	return w.become(key, v, func() error {
		body := io.LimitReader(randomBytes(v.seed), v.size)
		_, err := w.core.Client.PutObject(ctx, w.bucket, key, body, v.size, minio.PutObjectOptions{DisableMultipart: true})
		return err
	})
}

func (w *writer) copy(ctx context.Context, from, to string) error {
	source := w.may[from][0]
	if source == (version{}) || from == to {
		return nil
	}
	return w.become(to, source, func() error {
		_, err := w.core.Client.CopyObject(ctx, minio.CopyDestOptions{Bucket: w.bucket, Object: to}, minio.CopySrcOptions{Bucket: w.bucket, Object: from})
		return err
	})
}

// uploadStep begins an upload, adds a part to it, or completes it.
func (w *writer) uploadStep(ctx context.Context, key string) error {
	if w.upload == nil {
		return w.beginUpload(ctx, key)
	}
	u := w.upload
	if sizes := u.version.partSizes(); len(u.parts) < len(sizes) {
		return w.putPart(ctx, u, sizes)
	}
	w.upload = nil
	return w.become(u.key, u.version, func() error {
		_, err := w.core.CompleteMultipartUpload(ctx, w.bucket, u.key, u.id, u.parts, minio.PutObjectOptions{})
		return err
	})
}

func (w *writer) beginUpload(ctx context.Context, key string) error {
	size := 1 + w.random.Int64N(lastPart)
	if w.random.IntN(4) == 0 {
		size += wholePart
	}
	id, err := w.core.NewMultipartUpload(ctx, w.bucket, key, minio.PutObjectOptions{})
	if err != nil {
		return err
	}
	w.upload = &openUpload{key: key, id: id, version: w.newVersion(size)}
	w.acknowledged++
	return nil
}

func (w *writer) putPart(ctx context.Context, u *openUpload, sizes []int64) error {
	body := io.LimitReader(randomBytes(u.version.seed), u.version.size)
	for _, sent := range sizes[:len(u.parts)] {
		if _, err := io.CopyN(io.Discard, body, sent); err != nil {
			return err
		}
	}
	number, size := len(u.parts)+1, sizes[len(u.parts)]
	part, err := w.core.PutObjectPart(ctx, w.bucket, u.key, u.id, number, io.LimitReader(body, size), size, minio.PutObjectPartOptions{})
	if err != nil {
		return err
	}
	u.parts = append(u.parts, minio.CompletePart{PartNumber: number, ETag: part.ETag})
	w.acknowledged++
	return nil
}

func (v version) partSizes() []int64 {
	if v.size > wholePart {
		return []int64{wholePart, v.size - wholePart}
	}
	return []int64{v.size}
}

// verify reads all of the writer's keys, and lists them. What it finds is from
// then on what they hold.
func (w *writer) verify(ctx context.Context) error {
	var there []string
	for key, may := range w.may {
		found, err := w.find(ctx, key, may)
		if err != nil {
			return fmt.Errorf("%q: %w", key, err)
		}
		w.may[key] = []version{found}
		if found != (version{}) {
			there = append(there, key)
		}
	}
	keys, err := (&minioClient{w.core.Client, w.bucket}).list(ctx)
	if err != nil {
		return err
	}
	keys = slices.DeleteFunc(keys, func(key string) bool { return !strings.HasPrefix(key, w.prefix) })
	slices.Sort(there)
	if !slices.Equal(keys, there) {
		return fmt.Errorf("%s: listed %q, want %q", w.prefix, keys, there)
	}
	return nil
}

// find says which of the versions the key holds, or returns an error if it
// holds none of them.
func (w *writer) find(ctx context.Context, key string, may []version) (version, error) {
	got, size, err := w.read(ctx, key)
	if err != nil {
		return version{}, err
	}
	for _, v := range may {
		want := digest{}
		if v != (version{}) {
			if want, err = v.sum(); err != nil {
				return version{}, err
			}
		}
		if got == want {
			return v, nil
		}
	}
	return version{}, fmt.Errorf("holds %d bytes with the digest %v, want one of %+v", size, got, may)
}

// read returns the digest of an object, and the zero digest for none.
func (w *writer) read(ctx context.Context, key string) (digest, int64, error) {
	object, err := w.core.Client.GetObject(ctx, w.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return digest{}, 0, err
	}
	defer object.Close()
	sum, err := sumOf(object)
	if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
		return digest{}, 0, nil
	}
	if err != nil {
		return digest{}, 0, err
	}
	info, err := object.Stat()
	return sum, info.Size, err
}

func (w *writer) anyKey() string { return fmt.Sprintf("%skey %d", w.prefix, w.random.IntN(writerKeys)) }

func (w *writer) newVersion(size int64) version { return version{1 + w.random.Uint64N(1<<62), size} }

// anySize is mostly small: what a segment embeds, and now and then what needs
// a block.
func (w *writer) anySize() int64 {
	switch dice := w.random.IntN(20); {
	case dice < 10:
		return w.random.Int64N(2 << 10)
	case dice < 16:
		return w.random.Int64N(64 << 10)
	case dice < 19:
		return w.random.Int64N(400 << 10)
	default:
		return w.random.Int64N(2 << 20)
	}
}
