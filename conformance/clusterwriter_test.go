package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

// A roamer changes keys that are its own, one change at a time, each through
// any of the gateways. What it may find in a key is what the last acknowledged
// change left there, and what changes without a known outcome since may have.
type roamer struct {
	doors  []minio.Core // one a gateway
	bucket string
	prefix string
	random *rand.Rand

	may    map[string][]version // by key; at least one each
	upload *openUpload          // nil for none; its beginning was acknowledged

	acknowledged, refused, unknown int // changes
}

// outcome is what an answer says of a change.
type outcome int

const (
	done    outcome = iota
	refused         // it has not happened: a condition
	unknown         // an error of the server, or no answer
)

const roamerKeys = 10 // of one roamer

func newRoamer(t *testing.T, c *cluster, bucket string, number int, seed uint64) *roamer {
	t.Helper()
	r := &roamer{
		bucket: bucket, prefix: fmt.Sprintf("roamer%d/", number),
		random: rand.New(rand.NewPCG(seed, uint64(number)+1)), may: map[string][]version{},
	}
	for _, g := range c.gateways {
		r.doors = append(r.doors, door(t, g))
	}
	for i := range roamerKeys {
		r.may[fmt.Sprintf("%skey %d", r.prefix, i)] = []version{{}}
	}
	return r
}

// door is a client of one gateway that sends each request once.
func door(t *testing.T, g *gateway) minio.Core {
	t.Helper()
	return minio.Core{Client: newMinio(t, g.endpoint, func(o *minio.Options) { o.MaxRetries, o.Region = 1, "us-east-1" })}
}

// downPause is between two tries while a gateway may be down.
const downPause = 10 * time.Millisecond

// roam changes and reads keys until stop is closed. It returns an error if a
// gateway answers what no order of the changes explains.
func (r *roamer) roam(ctx context.Context, stop <-chan struct{}) error {
	for {
		before := r.unknown
		if err := r.step(ctx); err != nil {
			return err
		}
		pause := time.Duration(0)
		if r.unknown > before {
			pause = downPause
		}
		select {
		case <-stop:
			return nil
		case <-time.After(pause):
		}
	}
}

// step does one thing, which the seed decides.
func (r *roamer) step(ctx context.Context) error {
	key, c := r.anyKey(), r.doors[r.random.IntN(len(r.doors))]
	switch dice := r.random.IntN(100); {
	case dice < 40:
		return r.put(ctx, c, key, false)
	case dice < 52:
		return r.put(ctx, c, key, true)
	case dice < 60:
		return r.remove(ctx, c, key)
	case dice < 70:
		return r.copy(ctx, c, r.anyKey(), key)
	case dice < 82:
		return r.uploadStep(ctx, c, key)
	case dice < 97:
		return r.look(ctx, c, key)
	default:
		return r.list(ctx, c)
	}
}

func (r *roamer) put(ctx context.Context, c minio.Core, key string, ifAbsent bool) error {
	v := version{1 + r.random.Uint64N(1<<62), r.anySize()}
	data, err := io.ReadAll(io.LimitReader(randomBytes(v.seed), v.size))
	if err != nil {
		return err
	}
	o := minio.PutObjectOptions{DisableMultipart: true}
	if ifAbsent {
		o.SetMatchETagExcept("*")
	}
	_, err = c.Client.PutObject(ctx, r.bucket, key, bytes.NewReader(data), v.size, o)
	return r.become(key, v, ifAbsent, err)
}

func (r *roamer) remove(ctx context.Context, c minio.Core, key string) error {
	err := c.RemoveObject(ctx, r.bucket, key, minio.RemoveObjectOptions{})
	return r.become(key, version{}, false, err)
}

// copy copies what is certain to be there.
func (r *roamer) copy(ctx context.Context, c minio.Core, from, to string) error {
	source := r.may[from]
	if len(source) != 1 || source[0] == (version{}) || from == to {
		return nil
	}
	_, err := c.Client.CopyObject(ctx, minio.CopyDestOptions{Bucket: r.bucket, Object: to}, minio.CopySrcOptions{Bucket: r.bucket, Object: from})
	return r.become(to, source[0], false, err)
}

// become takes in the answer to a change that gives the key the version next.
func (r *roamer) become(key string, next version, ifAbsent bool, err error) error {
	before := r.may[key]
	wasFree := slices.Contains(before, version{})
	switch what, code := judge(err); what {
	case done:
		if ifAbsent && !wasFree {
			return fmt.Errorf("%q: created, but it held one of %+v", key, before)
		}
		r.may[key] = []version{next}
		r.acknowledged++
	case unknown:
		r.unknown++
		if !ifAbsent || wasFree {
			r.may[key] = append(slices.Clone(before), next)
		}
	case refused:
		r.refused++
		held := slices.DeleteFunc(slices.Clone(before), func(v version) bool { return v == version{} })
		if !ifAbsent || code != "PreconditionFailed" || len(held) == 0 {
			return fmt.Errorf("%q, which holds one of %+v: %w", key, before, err)
		}
		r.may[key] = held
	}
	return nil
}

// judge sorts the answers.
func judge(err error) (what outcome, code string) {
	if err == nil {
		return done, ""
	}
	var reply minio.ErrorResponse
	if errors.As(err, &reply) && reply.StatusCode/100 == 4 && reply.StatusCode != http.StatusRequestTimeout {
		return refused, reply.Code
	}
	return unknown, ""
}

// uploadStep begins an upload, adds a part to it, or completes it. A part of
// unknown outcome is sent again, a completion is not.
func (r *roamer) uploadStep(ctx context.Context, c minio.Core, key string) error {
	u := r.upload
	if u == nil {
		return r.beginUpload(ctx, c, key)
	}
	if sizes := u.version.partSizes(); len(u.parts) < len(sizes) {
		return r.putPart(ctx, c, u, sizes)
	}
	r.upload = nil
	_, err := c.CompleteMultipartUpload(ctx, r.bucket, u.key, u.id, u.parts, minio.PutObjectOptions{})
	return r.become(u.key, u.version, false, err)
}

func (r *roamer) beginUpload(ctx context.Context, c minio.Core, key string) error {
	v := version{1 + r.random.Uint64N(1<<62), 1 + r.random.Int64N(lastPart)}
	if r.random.IntN(8) == 0 {
		v.size += wholePart
	}
	id, err := c.NewMultipartUpload(ctx, r.bucket, key, minio.PutObjectOptions{})
	if what, _ := judge(err); what != done {
		return r.unsettled(what, err)
	}
	r.upload = &openUpload{key: key, id: id, version: v}
	r.acknowledged++
	return nil
}

func (r *roamer) putPart(ctx context.Context, c minio.Core, u *openUpload, sizes []int64) error {
	whole, err := io.ReadAll(io.LimitReader(randomBytes(u.version.seed), u.version.size))
	if err != nil {
		return err
	}
	for _, sent := range sizes[:len(u.parts)] {
		whole = whole[sent:]
	}
	number, size := len(u.parts)+1, sizes[len(u.parts)]
	part, err := c.PutObjectPart(ctx, r.bucket, u.key, u.id, number, bytes.NewReader(whole[:size]), size, minio.PutObjectPartOptions{})
	if what, _ := judge(err); what != done {
		return r.unsettled(what, err)
	}
	u.parts = append(u.parts, minio.CompletePart{PartNumber: number, ETag: part.ETag})
	r.acknowledged++
	return nil
}

// unsettled counts a step of unknown outcome that nobody has to remember; one
// that was refused is an error.
func (r *roamer) unsettled(what outcome, err error) error {
	if what == refused {
		return fmt.Errorf("%s: %w", r.prefix, err)
	}
	r.unknown++
	return nil
}

// look reads a key, if the gateway can: that must be one of what it may hold.
func (r *roamer) look(ctx context.Context, c minio.Core, key string) error {
	got, err := readVersion(ctx, c, r.bucket, key)
	if what, _ := judge(err); what == unknown {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = match(key, got, r.may[key])
	return err
}

// readVersion returns the digest of an object, and the zero digest for none.
func readVersion(ctx context.Context, c minio.Core, bucket, key string) (digest, error) {
	body, _, _, err := c.GetObject(ctx, bucket, key, minio.GetObjectOptions{})
	if minio.ToErrorResponse(err).Code == minio.NoSuchKey {
		return digest{}, nil
	}
	if err != nil {
		return digest{}, err
	}
	defer body.Close()
	return sumOf(body)
}

// match says which of the versions has that digest.
func match(key string, got digest, may []version) (version, error) {
	for _, v := range may {
		want := digest{}
		if v != (version{}) {
			var err error
			if want, err = v.sum(); err != nil {
				return version{}, err
			}
		}
		if got == want {
			return v, nil
		}
	}
	return version{}, fmt.Errorf("%q holds %v, want one of %+v", key, got, may)
}

// list lists the roamer's keys, if the gateway can. What is certainly there must
// be listed, what certainly is not must not.
func (r *roamer) list(ctx context.Context, c minio.Core) error {
	listed := map[string]bool{}
	for object := range c.Client.ListObjects(ctx, r.bucket, minio.ListObjectsOptions{Prefix: r.prefix, Recursive: true}) {
		if what, _ := judge(object.Err); what == unknown {
			return nil
		}
		if object.Err != nil {
			return object.Err
		}
		listed[object.Key] = true
	}
	for key, may := range r.may {
		absent := slices.Contains(may, version{})
		if listed[key] && absent && len(may) == 1 || !listed[key] && !absent {
			return fmt.Errorf("%q: listed %t, but it holds one of %+v", key, listed[key], may)
		}
		delete(listed, key)
	}
	if len(listed) > 0 {
		return fmt.Errorf("%s: %d keys are listed that nobody put: %v", r.prefix, len(listed), listed)
	}
	return nil
}

// verify reads every key through every gateway, all of which can answer. They
// must agree; what they say is from then on what the key holds.
func (r *roamer) verify(ctx context.Context) error {
	for key, may := range r.may {
		found := make([]version, len(r.doors))
		var all errgroup.Group
		for i, c := range r.doors {
			all.Go(func() error {
				got, err := readVersion(ctx, c, r.bucket, key)
				if err != nil {
					return fmt.Errorf("gateway %d: %q: %w", i, key, err)
				}
				if found[i], err = match(key, got, may); err != nil {
					return fmt.Errorf("gateway %d: %w", i, err)
				}
				return nil
			})
		}
		if err := all.Wait(); err != nil {
			return err
		}
		if len(slices.Compact(slices.Clone(found))) > 1 {
			return fmt.Errorf("%q is different through each gateway: %+v", key, found)
		}
		r.may[key] = found[:1]
	}
	for i, c := range r.doors {
		if err := r.list(ctx, c); err != nil {
			return fmt.Errorf("gateway %d: %w", i, err)
		}
	}
	return nil
}

func (r *roamer) anyKey() string { return fmt.Sprintf("%skey %d", r.prefix, r.random.IntN(roamerKeys)) }

// anySize is mostly what a segment embeds, and now and then what needs a block.
// It is rather large, so that there is soon enough to fold.
func (r *roamer) anySize() int64 {
	switch dice := r.random.IntN(20); {
	case dice < 6:
		return r.random.Int64N(2 << 10)
	case dice < 18:
		return r.random.Int64N(120 << 10)
	default:
		return r.random.Int64N(1 << 20)
	}
}

func (r *roamer) String() string {
	return strings.TrimSuffix(fmt.Sprintf("%s %d acknowledged, %d refused, %d unknown", r.prefix, r.acknowledged, r.refused, r.unknown), "/")
}
