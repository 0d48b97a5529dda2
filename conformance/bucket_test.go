package conformance

import (
	"net/url"
	"slices"
	"testing"

	"aetherfs/internal/store/versitytest"
)

// A bucket is where a gateway stores that has no folder for it.
type bucket struct{ url, access, secret string }

// variables have a gateway store in b.
func (b bucket) variables() []string {
	return []string{"AETHERFS_STORE=" + b.url, "AETHERFS_STORE_ACCESS_KEY=" + b.access, "AETHERFS_STORE_SECRET_KEY=" + b.secret}
}

// bucketOnVersity makes an empty bucket on a server of its own.
func bucketOnVersity(t *testing.T) bucket {
	t.Helper()
	server := versitytest.Start(t)
	server.Bucket(t, "store")
	return bucket{server.StoreURL("store"), versitytest.AccessKey, versitytest.SecretKey}
}

// bucketOnGateway makes an empty bucket on a gateway of its own.
func bucketOnGateway(t *testing.T) bucket {
	t.Helper()
	g := newGateway(t, true)
	newReference(t, g.endpoint, "store")
	return bucket{"s3://store/some/prefix?endpoint=" + url.QueryEscape(g.url) + "&ca=" + url.QueryEscape(g.ca), g.access, g.secret}
}

// quickOn are the clients of a short run on a bucket: one of each kind of body,
// and one that walks folders.
var quickOn = []string{"minio-go", "aws-sdk-go-v2", "rclone"}

// TestClientsOnBuckets runs the clients against gateways whose store is a
// bucket: all of them, over http and https, in a whole run.
func TestClientsOnBuckets(t *testing.T) {
	all, schemes := contenders(t), []string{"http", "https"}
	if !whole {
		all = slices.DeleteFunc(all, func(c contender) bool { return !slices.Contains(quickOn, c.name) })
		schemes = schemes[1:]
	}
	for _, store := range []struct {
		name string
		open func(t *testing.T) bucket
	}{
		{"versitygw", bucketOnVersity},
		{"aetherfs", bucketOnGateway},
	} {
		for _, scheme := range schemes {
			t.Run(store.name+"/"+scheme, func(t *testing.T) {
				runSuitesAt(t, newGateway(t, scheme == "https", store.open(t).variables()...).endpoint, all)
			})
		}
	}
}
