package metrics_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"aetherfs/dedupe"
	"aetherfs/internal/memory"
	"aetherfs/internal/metrics"
	"aetherfs/internal/store"
	"aetherfs/internal/store/rangecache"
	"aetherfs/internal/upkeep"
)

// *Metrics is what the store calls.
var _ store.Observer = (*metrics.Metrics)(nil)

func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil || w.Code != 200 {
		t.Fatalf("scrape: status %d, error %v", w.Code, err)
	}
	return string(body)
}

// wantLines fails the test unless m shows each line.
func wantLines(t *testing.T, m *metrics.Metrics, lines ...string) {
	t.Helper()
	got := scrape(t, m)
	for _, want := range lines {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if t.Failed() {
		t.Log(got)
	}
}

func TestEverythingIsCounted(t *testing.T) {
	m := metrics.New("1.2.3")
	m.Request("PutObject", 200, 30*time.Millisecond, 1000, 20)
	m.Request("PutObject", 503, time.Second, 10, 0)
	m.NFS("nfs.read", 2*time.Millisecond)
	m.Commit(17, 4096)
	m.Observe(store.OpPut, 500, time.Millisecond, nil)
	m.Observe(store.OpPut, 0, time.Millisecond, fmt.Errorf("x: %w", store.ErrExists))
	m.Observe(store.OpGet, 0, time.Millisecond, store.ErrNotFound)
	m.Observe(store.OpGet, 0, time.Millisecond, context.Canceled)
	m.Observe(store.OpDelete, 0, time.Millisecond, io.ErrUnexpectedEOF)
	wantLines(t, m,
		`aetherfs_info{version="1.2.3"} 1`,
		`aetherfs_requests_total{operation="PutObject",status="200"} 1`,
		`aetherfs_requests_total{operation="PutObject",status="503"} 1`,
		`aetherfs_request_seconds_count{class="2xx",operation="PutObject"} 1`,
		`aetherfs_request_seconds_sum{class="5xx",operation="PutObject"} 1`,
		`aetherfs_received_bytes_total 1010`,
		`aetherfs_sent_bytes_total 20`,
		`aetherfs_nfs_call_seconds_count{procedure="nfs.read"} 1`,
		`aetherfs_commit_transactions_count 1`,
		`aetherfs_commit_transactions_sum 17`,
		`aetherfs_commit_bytes_total 4096`,
		`aetherfs_store_requests_total{kind="put",outcome="ok"} 1`,
		`aetherfs_store_requests_total{kind="put",outcome="exists"} 1`,
		`aetherfs_store_requests_total{kind="get",outcome="absent"} 1`,
		`aetherfs_store_requests_total{kind="get",outcome="cancelled"} 1`,
		`aetherfs_store_requests_total{kind="delete",outcome="failed"} 1`,
		`aetherfs_store_bytes_total{kind="put"} 500`,
		`aetherfs_store_request_seconds_count{kind="get"} 2`,
	)
}

// TestFiguresAreShown: what other packages count by themselves is shown.
func TestFiguresAreShown(t *testing.T) {
	m := metrics.New("1.2.3")
	m.Dedupe(func() dedupe.Stats {
		return dedupe.Stats{NewChunks: 1, ReusedChunks: 2, NewBytes: 3, ReusedBytes: 4, Blocks: 5, BlockBytes: 6, FailedBlocks: 7,
			FrameHits: 8, FrameMisses: 9, Dropped: 10, MetFetched: 14, MetDropped: 15, Waiting: 16,
			Reads: memory.Usage{Limit: 13, Used: 12, Waiting: 11}}
	})
	m.RangeCache(func() rangecache.Stats {
		return rangecache.Stats{Hits: 1, Misses: 2, HitBytes: 3, MissBytes: 4, Evictions: 5, Skipped: 6, Failures: 7, Bytes: 8}
	})
	m.Upkeep(func() upkeep.Stats {
		return upkeep.Stats{Folds: 1, Lost: 2, Failed: 3, Logs: 4, TailRecords: 5, TailBytes: 6}
	})
	wantLines(t, m,
		`aetherfs_work_memory_bytes{of="reads"} 12`,
		`aetherfs_work_memory_limit_bytes{of="reads"} 13`,
		`aetherfs_work_memory_waiting{of="reads"} 11`,
		`aetherfs_chunks_total{kind="new"} 1`,
		`aetherfs_chunks_total{kind="reused"} 2`,
		`aetherfs_chunk_bytes_total{kind="new"} 3`,
		`aetherfs_chunk_bytes_total{kind="reused"} 4`,
		`aetherfs_blocks_total{outcome="stored"} 5`,
		`aetherfs_block_bytes_total 6`,
		`aetherfs_blocks_total{outcome="failed"} 7`,
		`aetherfs_frames_total{from="memory"} 8`,
		`aetherfs_frames_total{from="store"} 9`,
		`aetherfs_damaged_blocks_total 10`,
		`aetherfs_met_blocks_total{outcome="learned"} 14`,
		`aetherfs_met_blocks_total{outcome="dropped"} 15`,
		`aetherfs_waiting_streams 16`,
		`aetherfs_cache_parts_total{outcome="hit"} 1`,
		`aetherfs_cache_parts_total{outcome="miss"} 2`,
		`aetherfs_cache_read_bytes_total{from="disk"} 3`,
		`aetherfs_cache_read_bytes_total{from="store"} 4`,
		`aetherfs_cache_parts_total{outcome="evicted"} 5`,
		`aetherfs_cache_parts_total{outcome="skipped"} 6`,
		`aetherfs_cache_parts_total{outcome="failed"} 7`,
		`aetherfs_cache_bytes 8`,
		`aetherfs_folds_total{outcome="done"} 1`,
		`aetherfs_folds_total{outcome="lost"} 2`,
		`aetherfs_folds_total{outcome="failed"} 3`,
		`aetherfs_open_logs 4`,
		`aetherfs_tail_records 5`,
		`aetherfs_tail_bytes 6`,
	)
}
