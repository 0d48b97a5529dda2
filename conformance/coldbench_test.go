//go:build conformance && bench

package conformance

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"aetherfs/internal/store/versitytest"
)

// What is read through how slow a network.
const (
	coldBytes   = 1 << 30
	coldLatency = 20 * time.Millisecond
	narrow      = 250e6 // bytes/s: a network of 2 Gbit/s, what small machines are given
	coldRounds  = 5

	smallFiles   = 1200     // so much that the log is folded
	smallBytes   = 64 << 10 // of each
	smallReaders = 16       // at once

	clockTick = 10 * time.Millisecond // of the times in /proc
)

// distance is a store behind a network, a gateway on it, and clients of both.
type distance struct {
	proxy   *latencyProxy
	gateway *gateway
	plain   *sdkClient // of the store, through the proxy
	through *sdkClient // of the gateway
}

// TestSpeedOfColdReads reads a large file and many small ones through a gateway
// whose store is 20 ms away, and the same bytes, stored as they are in the same
// store, over the same network without a gateway. It prints medians. Where the
// network has no limit, what is measured is the CPU that client, gateway, network
// and store share.
func TestSpeedOfColdReads(t *testing.T) {
	d := newDistance(t)
	ways := []struct {
		name      string
		bandwidth int64 // of the network, bytes/s; 0: no limit
		read      func(t *testing.T)
	}{
		{"1 GiB plain, 5 × 5 MiB", 0, func(t *testing.T) { d.download(t, 5, 5<<20) }},
		{"1 GiB plain, 16 × 8 MiB", 0, func(t *testing.T) { d.download(t, 16, 8<<20) }},
		{"1 GiB cold", 0, func(t *testing.T) { d.get(t, "large") }},
		{"1 GiB again, after a restart", 0, func(t *testing.T) { d.get(t, "large") }},
		{"1 GiB plain, 16 × 8 MiB, 2 Gbit/s", narrow, func(t *testing.T) { d.download(t, 16, 8<<20) }},
		{"1 GiB, 2 Gbit/s, cold", narrow, func(t *testing.T) { d.get(t, "large") }},
		{"small plain", 0, func(t *testing.T) { readSmall(t, d.plain) }},
		{"small cold", 0, func(t *testing.T) { readSmall(t, d.through) }},
		{"small again, after a restart", 0, func(t *testing.T) { readSmall(t, d.through) }},
	}
	figures := make([][]figure, len(ways))
	for range coldRounds {
		for i, way := range ways {
			if strings.HasSuffix(way.name, "cold") {
				d.forget(t)
			} else {
				d.gateway.restart(t, false)
			}
			d.proxy.bandwidth.Store(way.bandwidth)
			figures[i] = append(figures[i], d.measure(t, way.read))
		}
	}
	var plain time.Duration // of the plain ways that stand right before the others, the fastest
	for i, way := range ways {
		f := median(figures[i])
		switch {
		case !isPlain(way.name):
			t.Logf("%-34s %v, %.2f × plain", way.name, f, plain.Seconds()/f.wall.Seconds())
			continue
		case i > 0 && isPlain(ways[i-1].name):
			plain = min(plain, f.wall)
		default:
			plain = f.wall
		}
		t.Logf("%-34s %v", way.name, f)
	}
}

func isPlain(way string) bool { return strings.Contains(way, "plain") }

// figure is what one reading took.
type figure struct {
	wall     time.Duration
	cpu      time.Duration // of the gateway
	requests int64         // to the store
}

func (f figure) String() string {
	return fmt.Sprintf("%6.2f s, gateway's CPU %5.2f s, %5d requests to the store", f.wall.Seconds(), f.cpu.Seconds(), f.requests)
}

// median takes each figure's own.
func median(all []figure) figure {
	var walls, cpus []time.Duration
	var requests []int64
	for _, f := range all {
		walls, cpus, requests = append(walls, f.wall), append(cpus, f.cpu), append(requests, f.requests)
	}
	slices.Sort(walls)
	slices.Sort(cpus)
	slices.Sort(requests)
	return figure{walls[len(all)/2], cpus[len(all)/2], requests[len(all)/2]}
}

func (d *distance) measure(t *testing.T, read func(*testing.T)) figure {
	t.Helper()
	requests, cpu, began := d.proxy.requests.Load(), d.gateway.cpu(t), time.Now()
	read(t)
	return figure{time.Since(began), d.gateway.cpu(t) - cpu, d.proxy.requests.Load() - requests}
}

// cpu is the time that the process has used, of itself and in the kernel.
func (g *gateway) cpu(t *testing.T) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", g.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')'):]))
	var ticks int64
	for _, field := range fields[12:14] { // utime and stime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick
}

// newDistance stores the files, over a network without latency, waits until the
// small ones are folded into blocks, and moves the store away.
func newDistance(t *testing.T) *distance {
	t.Helper()
	server := versitytest.Start(t)
	server.Bucket(t, "store")
	server.Bucket(t, "plain")
	d := &distance{proxy: newLatencyProxy(t, server.URL, coldLatency)}
	near := endpoint{url: server.URL, access: versitytest.AccessKey, secret: versitytest.SecretKey}
	far := near
	far.url = d.proxy.url
	d.plain = openSDK(t, far, "plain").(*sdkClient)
	d.gateway = newGateway(t, false, bucket{server.StoreURL("store"), near.access, near.secret}.variables()...)
	newReference(t, d.gateway.endpoint, "cold")
	d.through = openSDK(t, d.gateway.endpoint, "cold").(*sdkClient)
	for _, c := range []*sdkClient{openSDK(t, near, "plain").(*sdkClient), d.through} {
		fillCold(t, c)
	}
	await(t, "a checkpoint", func() bool {
		found, err := filepath.Glob(filepath.Join(server.Folder, "store/some/prefix/datasets/*/checkpoints/*"))
		return err == nil && len(found) > 0
	})
	d.gateway.env = bucket{"s3://store/some/prefix?endpoint=" + quoted(d.proxy.url), near.access, near.secret}.variables()
	return d
}

// fillCold stores the files.
func fillCold(t *testing.T, c *sdkClient) {
	t.Helper()
	put := func(key string, n int64, seed uint64) error {
		_, err := c.transfer.UploadObject(t.Context(), &transfermanager.UploadObjectInput{
			Bucket: &c.bucket, Key: &key, Body: io.LimitReader(randomBytes(seed), n),
		})
		return err
	}
	if err := put("large", coldBytes, 1); err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	group.SetLimit(smallReaders)
	for i := range smallFiles {
		group.Go(func() error { return put(smallName(i), smallBytes, uint64(2+i)) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

func smallName(i int) string { return fmt.Sprintf("small/%04d", i) }

// forget restarts the gateway without anything that it remembers.
func (d *distance) forget(t *testing.T) {
	t.Helper()
	d.gateway.stop(t)
	if err := os.RemoveAll(d.gateway.data); err != nil {
		t.Fatal(err)
	}
	d.gateway.start(t)
}

// nowhere takes a download.
type nowhere struct{}

func (nowhere) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

// download reads the large file without the gateway, in ranges.
func (d *distance) download(t *testing.T, concurrency int, part int64) {
	t.Helper()
	key := "large"
	out, err := d.plain.transfer.DownloadObject(t.Context(),
		&transfermanager.DownloadObjectInput{Bucket: &d.plain.bucket, Key: &key, WriterAt: nowhere{}},
		func(o *transfermanager.Options) {
			o.Concurrency, o.PartSizeBytes, o.GetObjectType = concurrency, part, types.GetObjectRanges
		})
	if err != nil {
		t.Fatal(err)
	}
	if *out.ContentLength != coldBytes {
		t.Fatalf("%d bytes, want %d", *out.ContentLength, coldBytes)
	}
}

// get reads a file through the gateway, in one request.
func (d *distance) get(t *testing.T, key string) {
	t.Helper()
	if err := readAll(t.Context(), d.through, key, coldBytes); err != nil {
		t.Fatal(err)
	}
}

func readAll(ctx context.Context, c *sdkClient, key string, want int64) error {
	out, err := c.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &c.bucket, Key: &key})
	if err != nil {
		return err
	}
	defer out.Body.Close()
	if n, err := io.Copy(io.Discard, out.Body); err != nil || n != want {
		return fmt.Errorf("%s: %d bytes, want %d: %w", key, n, want, err)
	}
	return nil
}

// readSmall reads the small files, each once, in the same order each time.
func readSmall(t *testing.T, c *sdkClient) {
	t.Helper()
	var group errgroup.Group
	group.SetLimit(smallReaders)
	for _, i := range rand.New(rand.NewPCG(1, 1)).Perm(smallFiles) {
		group.Go(func() error { return readAll(t.Context(), c, smallName(i), smallBytes) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}
