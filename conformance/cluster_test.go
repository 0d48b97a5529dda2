package conformance

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"aetherfs/internal/store"
	"aetherfs/internal/store/s3store"
	"aetherfs/internal/store/versitytest"
)

// A cluster is several gateways on one bucket of a real S3 server, with a proxy
// between that can do what networks do.
type cluster struct {
	server   *versitytest.Server
	proxy    *faultProxy
	gateways []*gateway
	random   *rand.Rand
}

const clusterBucket = "shared" // of the server; it holds the store

// newCluster starts n gateways on an empty bucket. The proxy is switched off.
func newCluster(t *testing.T, n int, seed uint64) *cluster {
	t.Helper()
	if *endpointFlag != "" {
		t.Skip("runs gateways of its own; -endpoint names another server")
	}
	c := &cluster{server: versitytest.Start(t), random: rand.New(rand.NewPCG(seed, 2))}
	c.server.Bucket(t, clusterBucket)
	c.proxy = newFaultProxy(t, c.server.URL, seed)
	for range n {
		c.gateways = append(c.gateways, newGateway(t, false, c.env()...))
	}
	t.Cleanup(func() {
		for i, g := range c.gateways {
			if t.Failed() {
				t.Logf("what gateway %d could not do:\n%s", i, g.troubles())
			}
		}
	})
	return c
}

// troubles are the last lines of the log that tell of an error of the server.
func (g *gateway) troubles() string {
	var lines []string
	for line := range strings.Lines(tail(g.log, 64<<20)) {
		if strings.Contains(line, " status=5") || strings.Contains(line, "level=WARN") || strings.Contains(line, "level=ERROR") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(len(lines)-maxTroubles, 0):], "")
}

const maxTroubles = 20 // lines of each gateway that a failure shows

// env leads to the store through the proxy.
func (c *cluster) env() []string {
	return []string{
		"AETHERFS_STORE=s3://" + clusterBucket + "?endpoint=" + c.proxy.url,
		"AETHERFS_STORE_ACCESS_KEY=" + versitytest.AccessKey, "AETHERFS_STORE_SECRET_KEY=" + versitytest.SecretKey,
	}
}

// objects are the files of the store's objects that a pattern of filepath.Glob
// matches.
func (c *cluster) objects(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(c.server.Folder, clusterBucket, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// store is the store as the gateways see it.
func (c *cluster) store(t *testing.T) store.Store {
	t.Helper()
	objects, err := s3store.Open(s3store.Options{
		Bucket: clusterBucket, Endpoint: c.proxy.url, AccessKey: versitytest.AccessKey, SecretKey: versitytest.SecretKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = objects.Close() })
	return store.Retried(objects, store.RetryOptions{})
}

// startTries is how often a gateway may give up at its start while the store
// is at fault.
const startTries = 5

// startAll starts the gateways, at once.
func (c *cluster) startAll(t *testing.T, gateways []*gateway) {
	t.Helper()
	var all errgroup.Group
	for _, g := range gateways {
		all.Go(func() (err error) {
			for range startTries {
				g.launch(t)
				if err = g.ready(t.Context()); err == nil {
					return nil
				}
			}
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatalf("start: %v", err)
	}
}

// some returns a few of the gateways, at least one.
func (c *cluster) some() []*gateway {
	some := make([]*gateway, 0, len(c.gateways))
	for _, i := range c.random.Perm(len(c.gateways))[:1+c.random.IntN(len(c.gateways))] {
		some = append(some, c.gateways[i])
	}
	return some
}

// forgetAll restarts all gateways with nothing but the bucket.
func (c *cluster) forgetAll(t *testing.T) {
	t.Helper()
	for _, g := range c.gateways {
		g.stop(t)
		g.forget(true)
	}
	c.startAll(t, c.gateways)
}

// fsck checks the bucket, data and all, while the gateways serve it.
func (c *cluster) fsck(t *testing.T) (said string, problem error) {
	t.Helper()
	return newShell(t, c.env()...).run(t.Context(), builtBinary(t), "fsck", "--data", filepath.Join(t.TempDir(), "data"), "--read-data")
}

// forget deletes what a gateway keeps beside the store, or only its cache. The
// process may be at work on it meanwhile, and make files that are not deleted.
func (g *gateway) forget(everything bool) {
	folder := g.data
	if !everything {
		folder = filepath.Join(g.data, "catalog")
	}
	_ = os.RemoveAll(folder)
}
