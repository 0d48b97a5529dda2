package conformance

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"aetherfs/internal/store/versitytest"
)

var keysFlag = flag.Int("keys", 1_000_000, "`number` of files in the test of a large tag")

// TestManyFiles has a gateway with an empty disk serve a tag of a million files
// that lie in a bucket: what it asks of the bucket until it has sent a first
// file, the memory that it takes while a client lists them all, and what is
// written anew when one more is put and folded.
func TestManyFiles(t *testing.T) {
	const (
		mostRequests = 12
		mostMemory   = 256 << 20
		mostNodes    = 4 // of three levels, and one that is cut elsewhere
	)
	if *endpointFlag != "" {
		t.Skip("fills a store beside the gateway; -endpoint names another server")
	}
	server := versitytest.Start(t)
	st := server.Store(t, "store")
	begun := time.Now()
	fillMany(t, st, *keysFlag)
	t.Logf("%d files were put and folded in %v; %v", *keysFlag, time.Since(begun).Round(time.Second), nodesOf(t, st))

	proxy := newCountingProxy(t, server.URL)
	at := bucket{strings.Replace(server.StoreURL("store"), quoted(server.URL), quoted(proxy.url), 1), versitytest.AccessKey, versitytest.SecretKey}
	g := newGateway(t, false, append(at.variables(), "AETHERFS_MEMORY=128MiB")...)
	g.stop(t)
	g.forget(true)
	proxy.reset()
	g.launch(t)
	client := minio.Core{Client: newMinio(t, g.endpoint, func(o *minio.Options) { o.Region = "us-east-1" })} // it asks nothing but what it is told
	if got := firstOf(t, client, manyPath(*keysFlag/2).Key()); !bytes.Equal(got, manyData(*keysFlag/2)) {
		t.Errorf("the first GET brought %d bytes, not those of the file", len(got))
	}
	asked := proxy.asked()
	t.Logf("until the first GET was answered the bucket was asked %d times:\n%s", len(asked), strings.Join(asked, "\n"))
	if len(asked) > mostRequests {
		t.Errorf("until the first GET was answered the bucket was asked %d times, want at most %d", len(asked), mostRequests)
	}

	begun = time.Now()
	var own int64
	listMany(t, client, func() { own = max(own, g.ownMemory(t)) })
	peak := g.peakMemory(t)
	t.Logf("all were listed in %v, with %d requests to the bucket; the gateway took %d MiB, with the files of its cache %d MiB", time.Since(begun).Round(time.Second), len(proxy.asked())-len(asked), own>>20, peak>>20)
	if own > mostMemory || peak > mostMemory && *keysFlag <= 1_000_000 { // of more files, the cache alone is larger
		t.Errorf("while all were listed the gateway took %d MiB, with the files of its cache %d MiB; want at most %d", own>>20, peak>>20, mostMemory>>20)
	}

	one := manyPath(*keysFlag/3).Key() + "+"
	if _, err := client.PutObject(t.Context(), manyBucket, one, strings.NewReader("one"), 3, "", "", minio.PutObjectOptions{}); err != nil {
		t.Fatal(err)
	}
	before := nodesOf(t, st)
	b := newBuilder(t, st)
	b.fold(t)
	b.close(t)
	after := nodesOf(t, st)
	t.Logf("before one file was put and folded: %v; after: %v", before, after)
	if more := after.objects - before.objects; more < 1 || more > mostNodes {
		t.Errorf("one file put and folded wrote %d nodes, want 1 to %d", more, mostNodes)
	}
}

// firstOf returns an object as soon as the gateway, which has just been
// started, gives it.
func firstOf(t *testing.T, client minio.Core, key string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startWithin)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		body, _, _, err := client.GetObject(ctx, manyBucket, key, minio.GetObjectOptions{})
		if errors.Is(err, syscall.ECONNREFUSED) {
			<-tick.C
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		data, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
}

// listMany lists all files by pages, as clients do, and compares their names.
// It calls look after each page.
func listMany(t *testing.T, client minio.Core, look func()) {
	t.Helper()
	n, next := 0, ""
	for {
		page, err := client.ListObjectsV2(manyBucket, "", "", next, "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			if want := manyPath(n).Key(); o.Key != want || o.Size != int64(len(manyData(n))) {
				t.Fatalf("file %d is listed as %q of %d bytes, want %q", n, o.Key, o.Size, want)
			}
			n++
		}
		look()
		if next = page.NextContinuationToken; !page.IsTruncated {
			break
		}
	}
	if n != *keysFlag {
		t.Errorf("%d files were listed, want %d", n, *keysFlag)
	}
}
