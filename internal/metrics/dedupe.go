package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"aetherfs/dedupe"
	"aetherfs/internal/memory"
)

// Dedupe adds what an engine counts by itself. It is called once; stats is
// called several times a scrape.
func (m *Metrics) Dedupe(stats func() dedupe.Stats) {
	for _, c := range []struct {
		name, help, label, value string
		count                    func(dedupe.Stats) int64
	}{
		{"chunks_total", "Chunks of incoming files: new ones were stored, reused ones were there.", "kind", "new",
			func(s dedupe.Stats) int64 { return s.NewChunks }},
		{"chunks_total", "Chunks of incoming files: new ones were stored, reused ones were there.", "kind", "reused",
			func(s dedupe.Stats) int64 { return s.ReusedChunks }},
		{"chunk_bytes_total", "Plain bytes of chunks of incoming files.", "kind", "new",
			func(s dedupe.Stats) int64 { return s.NewBytes }},
		{"chunk_bytes_total", "Plain bytes of chunks of incoming files.", "kind", "reused",
			func(s dedupe.Stats) int64 { return s.ReusedBytes }},
		{"blocks_total", "Blocks, by the outcome of their upload.", "outcome", "stored",
			func(s dedupe.Stats) int64 { return s.Blocks }},
		{"blocks_total", "Blocks, by the outcome of their upload.", "outcome", "failed",
			func(s dedupe.Stats) int64 { return s.FailedBlocks }},
		{"frames_total", "Frames read, by where they were found.", "from", "memory",
			func(s dedupe.Stats) int64 { return s.FrameHits }},
		{"frames_total", "Frames read, by where they were found.", "from", "store",
			func(s dedupe.Stats) int64 { return s.FrameMisses }},
		{"met_blocks_total", "Blocks of other gateways, by whether files put here can share their chunks.", "outcome", "learned",
			func(s dedupe.Stats) int64 { return s.MetFetched }},
		{"met_blocks_total", "Blocks of other gateways, by whether files put here can share their chunks.", "outcome", "dropped",
			func(s dedupe.Stats) int64 { return s.MetDropped }},
		{"damaged_blocks_total", "Blocks that turned out to be missing or damaged.", "", "",
			func(s dedupe.Stats) int64 { return s.Dropped }},
		{"block_bytes_total", "Bytes of the blocks that were stored.", "", "",
			func(s dedupe.Stats) int64 { return s.BlockBytes }},
	} {
		opts := prometheus.CounterOpts{Namespace: namespace, Name: c.name, Help: c.help}
		if c.label != "" {
			opts.ConstLabels = prometheus.Labels{c.label: c.value}
		}
		m.registry.MustRegister(prometheus.NewCounterFunc(opts, func() float64 { return float64(c.count(stats())) }))
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: namespace, Name: "waiting_streams", Help: "Incoming files that were read and wait for an upload to the store.",
	}, func() float64 { return float64(stats().Waiting) }))
	m.work("streams", func() memory.Usage { return stats().Streams })
	m.work("reads", func() memory.Usage { return stats().Reads })
}

// work adds the gauges of a budget of memory.
func (m *Metrics) work(of string, usage func() memory.Usage) {
	for name, g := range map[string]struct {
		help  string
		value func(memory.Usage) int64
	}{
		"work_memory_bytes":       {"Memory that is taken by buffers of files on their way.", func(u memory.Usage) int64 { return u.Used }},
		"work_memory_limit_bytes": {"Memory that buffers of files on their way may take.", func(u memory.Usage) int64 { return u.Limit }},
		"work_memory_waiting":     {"Requests that wait for such memory.", func(u memory.Usage) int64 { return u.Waiting }},
	} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Namespace: namespace, Name: name, Help: g.help, ConstLabels: prometheus.Labels{"of": of},
		}, func() float64 { return float64(g.value(usage())) }))
	}
}
