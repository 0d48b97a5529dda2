package conformance

import (
	"fmt"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"golang.org/x/sync/errgroup"
)

const (
	clusterCycles      = 20
	clusterCyclesWhole = 300 // of a whole run

	clusterSize    = 3
	clusterRoamers = 6
	clusterLoad    = 700 * time.Millisecond // at most so long before the kill, between kills, and after
)

// TestKillCluster kills gateways that share a bucket, by SIGKILL in the middle
// of load, while the network to the store fails now and then and their caches
// are deleted. Every change that was acknowledged by one of them must be there
// afterwards through all of them, byte for byte.
func TestKillCluster(t *testing.T) {
	t.Parallel()
	seed := newSeed(t)
	k := newClusterKill(t, seed)
	cycles := clusterCycles
	if whole {
		cycles = clusterCyclesWhole
	}
	for cycle := range cycles {
		k.cycle(t)
		if t.Failed() {
			t.Fatalf("in cycle %d", cycle)
		}
	}
	for _, r := range k.roamers {
		t.Log(r)
	}
	k.proveFolds(t)
	k.forgetAll(t)
	k.verify(t)
	if said, err := k.fsck(t); err != nil {
		t.Errorf("fsck: %v\n%s", err, said)
	}
}

// clusterKill is a cluster under load.
type clusterKill struct {
	*cluster
	roamers []*roamer
	keeper  *keeper
	doors   []minio.Core // one a gateway
	bucket  string
	marks   int
}

func newClusterKill(t *testing.T, seed uint64) *clusterKill {
	t.Helper()
	k := &clusterKill{cluster: newCluster(t, clusterSize, seed)}
	k.bucket = newReference(t, k.gateways[0].endpoint, "victim").bucket
	k.keeper = newKeeper(t, k.cluster, k.bucket)
	for i := range clusterRoamers {
		k.roamers = append(k.roamers, newRoamer(t, k.cluster, k.bucket, i, seed))
	}
	for _, g := range k.gateways {
		k.doors = append(k.doors, door(t, g))
	}
	return k
}

// cycle puts the cluster under load, kills and restarts some of it, and
// verifies all.
func (k *clusterKill) cycle(t *testing.T) {
	t.Helper()
	k.proxy.set(true)
	stop := make(chan struct{})
	var all errgroup.Group
	for _, r := range k.roamers {
		all.Go(func() error { return r.roam(t.Context(), stop) })
	}
	all.Go(func() error { k.lengthen(t.Context(), stop); return nil })
	all.Go(func() error { k.keeper.keep(t.Context(), stop); return nil })
	k.wait()
	victims := k.some()
	for _, g := range victims {
		g.kill()
		k.maybeForget(g)
	}
	k.maybeForget(k.gateways[k.random.IntN(clusterSize)])
	k.wait()
	if k.random.IntN(4) == 0 {
		k.killInStart(t, victims[0])
	}
	k.startAll(t, victims)
	k.wait()
	k.proxy.set(false)
	close(stop)
	if err := all.Wait(); err != nil {
		t.Errorf("under load: %v", err)
	}
	k.settle(t)
	k.verify(t)
}

// killInStart kills a process that is just reading its store again.
func (k *clusterKill) killInStart(t *testing.T, g *gateway) {
	t.Helper()
	g.launch(t)
	time.Sleep(time.Duration(k.random.Int64N(int64(bootFor))))
	g.kill()
}

func (k *clusterKill) wait() { time.Sleep(time.Duration(k.random.Int64N(int64(clusterLoad)))) }

// maybeForget deletes a gateway's cache or its whole data folder, or neither.
func (k *clusterKill) maybeForget(g *gateway) {
	if dice := k.random.IntN(4); dice < 2 {
		g.forget(dice == 0)
	}
}

// settle makes an end of what has no known outcome: of requests to the store
// whose sender is dead, and of what living gateways keep to try once more, by
// a change through each.
func (k *clusterKill) settle(t *testing.T) {
	t.Helper()
	k.proxy.settle()
	for i, c := range k.doors {
		k.marks++
		if err := putText(t.Context(), c, k.bucket, "marks", fmt.Sprintf("mark %d", k.marks), minio.PutObjectOptions{}); err != nil {
			t.Errorf("through gateway %d, with the store in order: %v", i, err)
		}
	}
}

func (k *clusterKill) verify(t *testing.T) {
	t.Helper()
	var all errgroup.Group
	for _, r := range k.roamers {
		all.Go(func() error { return r.verify(t.Context()) })
	}
	if err := all.Wait(); err != nil {
		t.Errorf("after a kill: %v", err)
	}
}
