package conformance

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

const (
	racedKeys   = 10_000
	racedAtOnce = 64
)

// TestRaceCreate has two gateways create the same objects at the same time, if
// they are absent: exactly one of the two may be told that it has, and what it
// put is what both show from then on.
func TestRaceCreate(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, newSeed(t))
	bucket := newReference(t, c.gateways[0].endpoint, "raced").bucket
	doors := []minio.Core{door(t, c.gateways[0]), door(t, c.gateways[1])}
	winners := make([]int, racedKeys)
	all, ctx := errgroup.WithContext(t.Context())
	all.SetLimit(racedAtOnce)
	for i := range racedKeys {
		all.Go(func() (err error) {
			winners[i], err = raceCreate(ctx, doors, bucket, i)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	won := 0
	for _, winner := range winners {
		won += winner
	}
	t.Logf("of %d races the gateways won %d and %d; %d segments", racedKeys, racedKeys-won, won, len(c.objects(t, "datasets/*/log/*")))
	for i, c := range doors {
		if err := listsWinners(t.Context(), c, bucket, winners); err != nil {
			t.Errorf("gateway %d: %v", i, err)
		}
	}
}

func racedKey(i int) string              { return fmt.Sprintf("v1/%05d", i) }
func racedBytes(i int, racer int) string { return fmt.Sprintf("object %d by gateway %d", i, racer) }

// raceCreate returns which of the two gateways created object i. The other must
// at once see what it was refused for.
func raceCreate(ctx context.Context, doors []minio.Core, bucket string, i int) (winner int, err error) {
	var errs [2]error
	var both errgroup.Group
	for racer, c := range doors {
		both.Go(func() error {
			errs[racer] = createSmall(ctx, c, bucket, racedKey(i), racedBytes(i, racer))
			return nil
		})
	}
	_ = both.Wait()
	if errs[0] != nil {
		winner = 1
	}
	loser := 1 - winner
	if errs[winner] != nil || minio.ToErrorResponse(errs[loser]).Code != minio.PreconditionFailed {
		return 0, fmt.Errorf("%q: answered %v and %v, want one created and one refused", racedKey(i), errs[0], errs[1])
	}
	got, err := readVersion(ctx, doors[loser], bucket, racedKey(i))
	if err == nil && got != sumOfBytes([]byte(racedBytes(i, winner))) {
		err = fmt.Errorf("holds %v", got)
	}
	if err != nil {
		return 0, fmt.Errorf("%q, created by gateway %d, through the other: %w", racedKey(i), winner, err)
	}
	return winner, nil
}

func createSmall(ctx context.Context, c minio.Core, bucket, key, text string) error {
	o := minio.PutObjectOptions{DisableMultipart: true}
	o.SetMatchETagExcept("*")
	return putText(ctx, c, bucket, key, text, o)
}

func putText(ctx context.Context, c minio.Core, bucket, key, text string, o minio.PutObjectOptions) error {
	_, err := c.Client.PutObject(ctx, bucket, key, strings.NewReader(text), int64(len(text)), o)
	return err
}

// listsWinners lists the bucket: each object has the MD5 of what its winner put.
func listsWinners(ctx context.Context, c minio.Core, bucket string, winners []int) error {
	i := 0
	for object := range c.Client.ListObjects(ctx, bucket, minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			return object.Err
		}
		if i == len(winners) {
			return fmt.Errorf("%q is listed, and nobody put it", object.Key)
		}
		sum := md5.Sum([]byte(racedBytes(i, winners[i])))
		if want := hex.EncodeToString(sum[:]); object.Key != racedKey(i) || object.ETag != want {
			return fmt.Errorf("listed %q with the ETag %s, want %q with %s", object.Key, object.ETag, racedKey(i), want)
		}
		i++
	}
	if i != len(winners) {
		return fmt.Errorf("listed %d objects, want %d", i, len(winners))
	}
	return nil
}

// status is the HTTP status of an answer; 0 for none.
func status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	return minio.ToErrorResponse(err).StatusCode
}
