package conformance

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"

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
	return c
}

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

// forget deletes what a gateway keeps beside the store, or only its cache. The
// process may be at work on it meanwhile, and make files that are not deleted.
func (g *gateway) forget(everything bool) {
	folder := g.data
	if !everything {
		folder = filepath.Join(g.data, "catalog")
	}
	_ = os.RemoveAll(folder)
}
