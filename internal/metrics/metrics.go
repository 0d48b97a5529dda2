// Package metrics counts what the gateway does, for Prometheus. Its Metrics is
// the observer of the packages below: they call it, it calls nobody.
//
// Nothing that a client chooses becomes a label, so that the number of series
// is bounded.
package metrics

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"aetherfs/internal/store"
)

// Metrics are the counters of one gateway. Its methods may be called
// concurrently.
type Metrics struct {
	registry *prometheus.Registry

	requests      *prometheus.CounterVec   // operation, status
	latency       *prometheus.HistogramVec // operation, class
	received      prometheus.Counter
	sent          prometheus.Counter
	nfs           *prometheus.HistogramVec // procedure
	storeRequests *prometheus.CounterVec   // kind, outcome
	storeLatency  *prometheus.HistogramVec
	storeBytes    *prometheus.CounterVec // kind
	batch         prometheus.Histogram
	segmentBytes  prometheus.Counter

	mu    sync.RWMutex
	known map[outcomeOf]series // of requests and latency; guarded by mu
}

// New returns Metrics that begin at zero. version is that of the program.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counters("requests_total", "S3 requests, by operation and HTTP status.", "operation", "status"),
		latency: histograms("request_seconds", "Time from the header of an S3 request to the end of its answer.",
			prometheus.ExponentialBuckets(0.001, 2.5, 12), "operation", "class"),
		received: counter("received_bytes_total", "Bytes of the bodies of S3 requests."),
		sent:     counter("sent_bytes_total", "Bytes of the bodies of S3 answers."),
		nfs: histograms("nfs_call_seconds", "Time from a call of NFS or MOUNT to its reply, by procedure.",
			prometheus.ExponentialBuckets(0.0005, 2.5, 12), "procedure"),
		storeRequests: counters("store_requests_total", "Requests to the store, by kind and outcome.",
			"kind", "outcome"),
		storeLatency: histograms("store_request_seconds", "Time that a request to the store takes.",
			prometheus.ExponentialBuckets(0.0005, 2.5, 12), "kind"),
		storeBytes: counters("store_bytes_total", "Bytes read from the store and written to it.", "kind"),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: namespace, Name: "commit_transactions", Help: "Transactions that share a commit.",
			Buckets: prometheus.ExponentialBuckets(1, 4, 7),
		}),
		segmentBytes: counter("commit_bytes_total", "Bytes of the commits, small files among them."),
		known:        map[outcomeOf]series{},
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "info", Help: "Always 1.", ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.registry.MustRegister(info, m.requests, m.latency, m.received, m.sent, m.nfs, m.storeRequests, m.storeLatency, m.storeBytes, m.batch, m.segmentBytes,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

const namespace = "aetherfs"

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
}

// Handler answers scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Request counts an S3 request that has ended, with the bytes of its bodies.
func (m *Metrics) Request(operation string, status int, took time.Duration, in, out int64) {
	s := m.seriesOf(outcomeOf{operation, status})
	s.requests.Inc()
	s.latency.Observe(took.Seconds())
	m.received.Add(float64(in))
	m.sent.Add(float64(out))
}

// outcomeOf is what the requests of some series have in common.
type outcomeOf struct {
	operation string
	status    int
}

// series is what requests of one outcome are counted in.
type series struct {
	requests prometheus.Counter
	latency  prometheus.Observer
}

// seriesOf finds series that were in use before without spelling their labels.
func (m *Metrics) seriesOf(o outcomeOf) series {
	m.mu.RLock()
	s, ok := m.known[o]
	m.mu.RUnlock()
	if ok {
		return s
	}
	s = series{
		requests: m.requests.WithLabelValues(o.operation, strconv.Itoa(o.status)),
		latency:  m.latency.WithLabelValues(o.operation, strconv.Itoa(o.status/100)+"xx"),
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[o] = s
	return s
}

// NFS counts a call of NFS, or of MOUNT, that was answered.
func (m *Metrics) NFS(procedure string, took time.Duration) {
	m.nfs.WithLabelValues(procedure).Observe(took.Seconds())
}

// Observe counts a request to the store.
func (m *Metrics) Observe(op store.Op, bytes int64, took time.Duration, err error) {
	kind := op.String()
	m.storeRequests.WithLabelValues(kind, outcome(err)).Inc()
	m.storeLatency.WithLabelValues(kind).Observe(took.Seconds())
	m.storeBytes.WithLabelValues(kind).Add(float64(bytes))
}

// outcome tells answers that are part of the day's work from failures.
func outcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, store.ErrNotFound):
		return "absent"
	case errors.Is(err, store.ErrExists):
		return "exists"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}
	return "failed"
}

// Commit counts a commit of some transactions, in a segment of bytes bytes.
func (m *Metrics) Commit(transactions, bytes int) {
	m.batch.Observe(float64(transactions))
	m.segmentBytes.Add(float64(bytes))
}
