//go:build conformance

package conformance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// trickle is a body of which some comes at once, and then a byte a second until
// ctx ends.
type trickle struct {
	ctx   context.Context
	burst io.Reader
}

func (b trickle) Read(p []byte) (int, error) {
	if n, err := b.burst.Read(p); err == nil {
		return n, nil
	}
	select {
	case <-time.After(time.Second):
		return copy(p, "x"), nil
	case <-b.ctx.Done():
		return 0, b.ctx.Err()
	}
}

// TestSlowUploads: clients that stopped in the middle of what they send keep small
// uploads of others not at all and large ones not for long from being stored, and are
// told to try again.
func TestSlowUploads(t *testing.T) {
	const slow, size = 16, 64 << 20
	g := newGateway(t, false, "AETHERFS_MEMORY=128MiB", "AETHERFS_METRICS_OPEN=true")
	r := newReference(t, g.endpoint, "slow")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var running sync.WaitGroup
	refused := make(chan string, slow)
	for c := range slow {
		to, err := r.core.PresignedPutObject(ctx, r.bucket, fmt.Sprintf("v1/slow%d", c), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		body := trickle{ctx, io.LimitReader(randomBytes(uint64(c)), 300<<10*int64(c%2))}
		q, err := http.NewRequestWithContext(ctx, http.MethodPut, to.String(), body)
		if err != nil {
			t.Fatal(err)
		}
		q.ContentLength = size
		running.Go(func() {
			if resp, err := http.DefaultClient.Do(q); err == nil {
				text, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				refused <- string(text)
			}
		})
	}
	for g.metric(t, `aetherfs_work_memory_waiting{of="streams"}`) == 0 { // they have not taken all there is
		time.Sleep(10 * time.Millisecond)
	}
	quick, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	large := make(chan time.Duration, 1)
	begun := time.Now()
	running.Go(func() {
		if err := r.put(quick, "v1/large", bytes.Repeat([]byte("large"), size/5)); err != nil {
			t.Error(err)
		}
		large <- time.Since(begun)
	})
	for _, n := range []int{1 << 10, 64 << 10} {
		if err := r.put(quick, fmt.Sprintf("v1/%d", n), make([]byte, n)); err != nil {
			t.Error(err)
		}
	}
	small := time.Since(begun)
	if n := len(refused); n > 0 {
		t.Errorf("small files were stored after %v, when %d slow ones had been refused", small, n)
	}
	t.Logf("small files were stored after %v, a large one after %v", small, <-large)
	for range len(refused) {
		if text := <-refused; !strings.Contains(text, "<Code>RequestTimeout</Code>") {
			t.Errorf("a slow upload was answered with %s", text)
		}
	}
	stop()
	running.Wait()
}
