package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"aetherfs/internal/store/rangecache"
)

// RangeCache adds what a disk cache counts by itself. It is called once; stats
// is called several times a scrape.
func (m *Metrics) RangeCache(stats func() rangecache.Stats) {
	for _, c := range []struct {
		name, help, label, value string
		count                    func(rangecache.Stats) int64
	}{
		{"cache_parts_total", "Parts of blocks, by what became of them in the disk cache.", "outcome", "hit",
			func(s rangecache.Stats) int64 { return s.Hits }},
		{"cache_parts_total", "Parts of blocks, by what became of them in the disk cache.", "outcome", "miss",
			func(s rangecache.Stats) int64 { return s.Misses }},
		{"cache_parts_total", "Parts of blocks, by what became of them in the disk cache.", "outcome", "evicted",
			func(s rangecache.Stats) int64 { return s.Evictions }},
		{"cache_parts_total", "Parts of blocks, by what became of them in the disk cache.", "outcome", "skipped",
			func(s rangecache.Stats) int64 { return s.Skipped }},
		{"cache_parts_total", "Parts of blocks, by what became of them in the disk cache.", "outcome", "failed",
			func(s rangecache.Stats) int64 { return s.Failures }},
		{"cache_read_bytes_total", "Bytes of blocks, by where they were read.", "from", "disk",
			func(s rangecache.Stats) int64 { return s.HitBytes }},
		{"cache_read_bytes_total", "Bytes of blocks, by where they were read.", "from", "store",
			func(s rangecache.Stats) int64 { return s.MissBytes }},
	} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: namespace, Name: c.name, Help: c.help, ConstLabels: prometheus.Labels{c.label: c.value},
		}, func() float64 { return float64(c.count(stats())) }))
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "cache_bytes", Help: "Disk that the cache of what was read from the bucket takes.",
	}, func() float64 { return float64(stats().Bytes) }))
}
