package conformance

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"aetherfs/catalog"
	"aetherfs/dedupe"
	"aetherfs/internal/upkeep"
)

const (
	foldRecords   = 20_000 // a log is folded when it is that much longer
	foldWithin    = 30 * time.Second
	deletedAtOnce = 1000 // keys, the most of a DeleteObjects
	fenceBytes    = 102  // a segment is longer
)

// lengthen makes the bucket's log long enough to be folded by the gateways,
// unless stop is closed before.
func (k *clusterKill) lengthen(ctx context.Context, stop <-chan struct{}) {
	for sent := 0; sent < foldRecords; sent += deletedAtOnce {
		select {
		case <-stop:
			return
		default:
		}
		door := k.doors[(sent/deletedAtOnce)%len(k.doors)]
		if err := deleteAbsent(ctx, door, k.bucket); err != nil {
			time.Sleep(downPause)
		}
	}
}

// deleteAbsent deletes what is not there, a record each.
func deleteAbsent(ctx context.Context, c minio.Core, bucket string) (err error) {
	doomed := make(chan minio.ObjectInfo, deletedAtOnce)
	for i := range deletedAtOnce {
		doomed <- minio.ObjectInfo{Key: fmt.Sprintf("absent/%d", i)}
	}
	close(doomed)
	for failed := range c.RemoveObjects(ctx, bucket, doomed, minio.RemoveObjectsOptions{}) {
		err = failed.Err
	}
	return err
}

// A keeper is one more gateway on the bucket, without clients, whose upkeep is
// a thousand times as busy as any gateway's: it folds the log all the time, and
// at once replaces what is folded by fences, which others do after an hour.
// Neither may change an answer.
type keeper struct {
	names  *catalog.Catalog
	upkeep *upkeep.Keeper
	bucket string
	folds  int
}

const (
	keepEvery = 150 * time.Millisecond
	atOnce    = -time.Minute // whatever the clocks say
)

// newKeeper opens the bucket's store through the cluster's proxy.
func newKeeper(t *testing.T, c *cluster, bucket string) *keeper {
	t.Helper()
	objects := c.store(t)
	engine, err := dedupe.Open(dedupe.Options{Store: objects, Verify: dedupe.ByDigest, Segment: catalog.SegmentKey})
	if err != nil {
		t.Fatal(err)
	}
	names, err := catalog.Open(t.Context(), catalog.Options{Store: objects, Embedder: engine, Rand: rand.Reader, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = names.Close(context.Background())
		_ = engine.Close()
	})
	return &keeper{names: names, upkeep: upkeep.New(upkeep.Options{Names: names, Bytes: engine, RetireAfter: atOnce}), bucket: bucket}
}

// keep folds and retires until stop is closed. What fails for the faults of the
// store is left to the next time.
func (k *keeper) keep(ctx context.Context, stop <-chan struct{}) {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		k.keepOnce(ctx)
	}
}

func (k *keeper) keepOnce(ctx context.Context) {
	d, err := k.names.Dataset(ctx, k.bucket)
	if err != nil || d.Sync(ctx) != nil {
		return
	}
	if k.upkeep.Fold(ctx, k.bucket) == nil {
		k.folds++
	}
	k.upkeep.Retire(ctx)
}

// proveFolds fails the test if the logs were not folded, or what was folded was
// not replaced by fences.
func (k *clusterKill) proveFolds(t *testing.T) {
	t.Helper()
	segments, fences := k.segments(t)
	checkpoints := len(k.objects(t, "datasets/*/checkpoints/*"))
	t.Logf("the store holds %d segments, %d fences, %d checkpoints, %d of them of the keeper, and %d nodes",
		segments, fences, checkpoints, k.keeper.folds, len(k.objects(t, "pools/default/nodes/*/*")))
	if checkpoints == 0 || fences == 0 {
		t.Errorf("%d checkpoints and %d fences: nothing was folded under load", checkpoints, fences)
	}
}

// segments counts what stands in the slots of the datasets' logs.
func (c *cluster) segments(t *testing.T) (segments, fences int) {
	t.Helper()
	for _, name := range c.objects(t, "datasets/*/log/*") {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() == fenceBytes {
			fences++
		} else {
			segments++
		}
	}
	return segments, fences
}

// await waits for what upkeep will do.
func await(t *testing.T, what string, there func() bool) {
	t.Helper()
	for end := time.Now().Add(foldWithin); !there(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s is not there after %v", what, foldWithin)
		}
	}
}
