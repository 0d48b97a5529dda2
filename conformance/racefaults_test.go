package conformance

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

const racedUnderFaults = 1000 // keys

// TestRaceCreateUnderFaults is TestRaceCreate with a network that fails. A
// racer whose answer is an error may have won or not; but none is refused for
// what it has itself created, none loses what it was told it has, and both
// gateways show the same.
func TestRaceCreateUnderFaults(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 2, newSeed(t))
	bucket := newReference(t, c.gateways[0].endpoint, "raced").bucket
	doors := []minio.Core{door(t, c.gateways[0]), door(t, c.gateways[1])}
	told := make([][2]outcome, racedUnderFaults)
	c.proxy.set(true)
	var all errgroup.Group
	all.SetLimit(racedAtOnce)
	for i := range told {
		for racer, c := range doors {
			all.Go(func() error {
				told[i][racer], _ = judge(createSmall(t.Context(), c, bucket, racedKey(i), racedBytes(i, racer)))
				return nil
			})
		}
	}
	_ = all.Wait()
	c.proxy.set(false)
	c.proxy.settle()
	for i, c := range doors { // settles what a gateway would try again
		if err := putText(t.Context(), c, bucket, "mark", fmt.Sprint(i), minio.PutObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	counts := map[[2]outcome]int{}
	for i := range told {
		counts[told[i]]++
		all.Go(func() error { return checkRace(t.Context(), doors, bucket, i, told[i]) })
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
	t.Logf("what the two were told (0 created, 1 refused, 2 an error): %v", counts)
}

// checkRace compares what the racers for object i were told with what there is.
func checkRace(ctx context.Context, doors []minio.Core, bucket string, i int, told [2]outcome) error {
	var may []digest
	for racer, what := range told {
		if what != refused {
			may = append(may, sumOfBytes([]byte(racedBytes(i, racer))))
		}
		if what == done {
			may = []digest{sumOfBytes([]byte(racedBytes(i, racer)))}
			break
		}
	}
	if told == [2]outcome{unknown, unknown} {
		may = append(may, digest{})
	}
	if told == [2]outcome{done, done} || len(may) == 0 {
		return fmt.Errorf("%q: both were told %d", racedKey(i), told[0])
	}
	for door, c := range doors {
		got, err := readVersion(ctx, c, bucket, racedKey(i))
		if err != nil {
			return fmt.Errorf("%q through gateway %d: %w", racedKey(i), door, err)
		}
		if !slices.Contains(may, got) {
			return fmt.Errorf("%q through gateway %d: %v after %v, want one of %v", racedKey(i), door, got, told, may)
		}
		may = []digest{got}
	}
	return nil
}
