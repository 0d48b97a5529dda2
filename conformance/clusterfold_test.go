package conformance

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
)

const (
	foldRecords   = 20_000    // a log is folded when it is that much longer
	deletedAtOnce = 1000      // keys, the most of a DeleteObjects
	retireAfter   = time.Hour // from a checkpoint to the fences
	fenceBytes    = 102       // a segment is longer
)

// lengthen makes the bucket's log long enough to be folded, unless stop is
// closed before.
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

// age makes the checkpoints so old that a gateway that starts replaces what
// they cover by fences.
func (c *cluster) age(t *testing.T) {
	t.Helper()
	long := time.Now().Add(-2 * retireAfter)
	for _, name := range c.objects(t, "datasets/*/checkpoints/*") {
		if err := os.Chtimes(name, long, long); err != nil {
			t.Fatal(err)
		}
	}
}

// proveFolds fails the test if the logs were not folded, or what was folded was
// not replaced by fences.
func (c *cluster) proveFolds(t *testing.T) {
	t.Helper()
	segments, fences := 0, 0
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
	checkpoints := len(c.objects(t, "datasets/*/checkpoints/*"))
	t.Logf("the store holds %d segments, %d fences, %d checkpoints and %d nodes",
		segments, fences, checkpoints, len(c.objects(t, "pools/default/nodes/*/*")))
	if checkpoints == 0 || fences == 0 {
		t.Errorf("%d checkpoints and %d fences: the gateways have not folded under load", checkpoints, fences)
	}
}
