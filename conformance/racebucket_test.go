package conformance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

const (
	bucketRaces = 2000
	bucketLanes = 8 // races at once, each with a bucket of its own
)

// TestRaceDeleteBucket has one gateway delete an empty bucket while another
// puts an object into it and, every other time, one makes the bucket again.
// What was acknowledged must be there, or the delete must have been refused;
// and the bucket must be there for both gateways or for none.
func TestRaceDeleteBucket(t *testing.T) {
	t.Parallel()
	seed := newSeed(t)
	c := newCluster(t, 2, seed)
	lanes := make([]*bucketRace, bucketLanes)
	var all errgroup.Group
	for i := range lanes {
		lanes[i] = &bucketRace{
			bucket: fmt.Sprintf("lane-%d", i), random: rand.New(rand.NewPCG(seed, uint64(i)+10)), outcomes: map[string]int{},
			doors: []minio.Core{door(t, c.gateways[0]), door(t, c.gateways[1])},
		}
		all.Go(func() error {
			for race := range bucketRaces / bucketLanes {
				if err := lanes[i].run(t.Context()); err != nil {
					return fmt.Errorf("%s, race %d: %w", lanes[i].bucket, race, err)
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
	// Nothing is left, as a gateway sees that has seen nothing of the races.
	fresh := door(t, newGateway(t, false, c.env()...))
	if left, err := fresh.ListBuckets(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("buckets left: %v, error %v", left, err)
	}
	sum := map[string]int{}
	for _, lane := range lanes {
		for outcome, n := range lane.outcomes {
			sum[outcome] += n
		}
	}
	t.Logf("outcomes: %v; the hub has %d segments", sum, len(c.objects(t, "hub/log/*")))
}

// bucketRace races for one bucket, again and again.
type bucketRace struct {
	doors    []minio.Core // one a gateway
	bucket   string
	random   *rand.Rand
	outcomes map[string]int
	race     int
}

// run makes the bucket, races, looks at what came out, and removes it.
func (b *bucketRace) run(ctx context.Context) error {
	b.race++
	deleter := b.random.IntN(2)
	if err := b.any().MakeBucket(ctx, b.bucket, minio.MakeBucketOptions{}); err != nil {
		return fmt.Errorf("make: %w", err)
	}
	if keys, err := (&minioClient{b.any().Client, b.bucket}).list(ctx); err != nil || len(keys) > 0 {
		return fmt.Errorf("made again it holds %q, error %v", keys, err)
	}
	text := fmt.Sprintf("object %d of %s", b.race, b.bucket)
	remake := b.random.IntN(2) == 0
	remaker := b.any()
	var deleted, put, made error
	var racers errgroup.Group
	racers.Go(func() error { deleted = b.doors[deleter].RemoveBucket(ctx, b.bucket); return nil })
	racers.Go(func() error {
		put = putText(ctx, b.doors[1-deleter], b.bucket, "v1/object", text, minio.PutObjectOptions{})
		return nil
	})
	if remake {
		racers.Go(func() error { made = remaker.MakeBucket(ctx, b.bucket, minio.MakeBucketOptions{}); return nil })
	}
	_ = racers.Wait()
	answers := fmt.Sprintf("delete %d, put %d", status(deleted), status(put))
	if remake {
		answers += fmt.Sprintf(", make %d", status(made))
	}
	b.outcomes[answers]++
	there, err := outcomeOfRace(status(deleted), status(put), status(made), remake)
	if err != nil {
		return fmt.Errorf("%w: %s: %v; %v; %v", err, answers, deleted, put, made)
	}
	for i := range b.doors {
		if err := b.agrees(ctx, i, there, put == nil, text); err != nil {
			return fmt.Errorf("after %s, through gateway %d: %w", answers, i, err)
		}
	}
	return b.clean(ctx, there)
}

// outcomeOfRace reports whether the bucket must be there after the answers, of
// which some do not go together.
func outcomeOfRace(deleted, put, made int, remade bool) (there bool, err error) {
	switch {
	case deleted != http.StatusNoContent && deleted != http.StatusOK && deleted != http.StatusConflict,
		put != http.StatusOK && put != http.StatusNotFound,
		remade && made != http.StatusOK && made != http.StatusConflict:
		return false, fmt.Errorf("an answer that nothing explains")
	case deleted == http.StatusConflict && put != http.StatusOK:
		return false, fmt.Errorf("the bucket was not empty, but nothing was put")
	case deleted == http.StatusConflict:
		return true, nil
	case remade && made == http.StatusOK: // after the delete
		return true, nil
	case put == http.StatusOK:
		return false, fmt.Errorf("an acknowledged object is deleted with the bucket")
	}
	return false, nil
}

// agrees looks at the bucket through a gateway.
func (b *bucketRace) agrees(ctx context.Context, i int, there, put bool, text string) error {
	c := b.doors[i]
	buckets, err := c.ListBuckets(ctx)
	if err != nil {
		return fmt.Errorf("list buckets: %w", err)
	}
	if listed := slices.ContainsFunc(buckets, func(x minio.BucketInfo) bool { return x.Name == b.bucket }); listed != there {
		return fmt.Errorf("bucket listed: %t, want %t", listed, there)
	}
	want := http.StatusOK
	if !there {
		want = http.StatusNotFound
	}
	if exists, err := c.BucketExists(ctx, b.bucket); err != nil || exists != there {
		return fmt.Errorf("bucket exists: %t, %w, want %t", exists, err, there)
	}
	keys, err := (&minioClient{c.Client, b.bucket}).list(ctx)
	if status(err) != want || !there && minio.ToErrorResponse(err).Code != minio.NoSuchBucket {
		return fmt.Errorf("list objects: %w, want status %d", err, want)
	}
	if put != slices.Equal(keys, []string{"v1/object"}) || !put && len(keys) > 0 {
		return fmt.Errorf("objects %q, put: %t", keys, put)
	}
	got, err := readVersion(ctx, c, b.bucket, "v1/object")
	switch {
	case put && (err != nil || got != sumOfBytes([]byte(text))):
		return fmt.Errorf("the object is %v, %w", got, err)
	case !put && there && (err != nil || got != digest{}):
		return fmt.Errorf("the object that was not put is %v, %w", got, err)
	case !there && minio.ToErrorResponse(err).Code != minio.NoSuchBucket:
		return fmt.Errorf("get: %w, want %s", err, minio.NoSuchBucket)
	}
	err = c.RemoveObject(ctx, b.bucket, "v1/no such object", minio.RemoveObjectOptions{})
	if (err == nil) != there || !there && minio.ToErrorResponse(err).Code != minio.NoSuchBucket {
		return fmt.Errorf("delete an object: %w, want status %d", err, want)
	}
	return nil
}

// clean removes the bucket.
func (b *bucketRace) clean(ctx context.Context, there bool) error {
	if !there {
		return nil
	}
	if err := b.any().RemoveObject(ctx, b.bucket, "v1/object", minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("clean: %w", err)
	}
	if err := b.any().RemoveBucket(ctx, b.bucket); err != nil {
		return fmt.Errorf("clean: %w", err)
	}
	return nil
}

func (b *bucketRace) any() minio.Core { return b.doors[b.random.IntN(len(b.doors))] }
