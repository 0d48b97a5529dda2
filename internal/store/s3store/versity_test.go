package s3store_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"aetherfs/internal/store"
	"aetherfs/internal/store/storetest"
	"aetherfs/internal/store/versitytest"
)

// TestVersity: the whole contract on a real server, each store in a bucket of
// its own. It is retried as in the gateway, since versitygw now and then answers
// 409 to a Put beside a Delete of the same name.
func TestVersity(t *testing.T) {
	server := versitytest.Start(t)
	var buckets atomic.Int64
	storetest.Run(t, func(t *testing.T) store.Store {
		return store.Retried(server.Store(t, fmt.Sprintf("bucket-%d", buckets.Add(1))), store.RetryOptions{})
	})
}
