package metrics

import (
	"aetherfs/dedupe"
	"aetherfs/internal/memory"
)

// Dedupe adds what an engine counts by itself. It is called once; stats is
// called several times a scrape.
func (m *Metrics) Dedupe(stats func() dedupe.Stats) {
	const (
		chunks = "Chunks of incoming files: new ones were stored, reused ones were there."
		bytes  = "Plain bytes of chunks of incoming files."
		blocks = "Blocks, by the outcome of their upload."
		frames = "Frames read, by where they were found."
		met    = "Blocks of other gateways, by whether files put here can share their chunks."
	)
	show(m, stats, []figure[dedupe.Stats]{
		{"chunks_total", chunks, "kind", "new", func(s dedupe.Stats) int64 { return s.NewChunks }},
		{"chunks_total", chunks, "kind", "reused", func(s dedupe.Stats) int64 { return s.ReusedChunks }},
		{"chunk_bytes_total", bytes, "kind", "new", func(s dedupe.Stats) int64 { return s.NewBytes }},
		{"chunk_bytes_total", bytes, "kind", "reused", func(s dedupe.Stats) int64 { return s.ReusedBytes }},
		{"blocks_total", blocks, "outcome", "stored", func(s dedupe.Stats) int64 { return s.Blocks }},
		{"blocks_total", blocks, "outcome", "failed", func(s dedupe.Stats) int64 { return s.FailedBlocks }},
		{"frames_total", frames, "from", "memory", func(s dedupe.Stats) int64 { return s.FrameHits }},
		{"frames_total", frames, "from", "store", func(s dedupe.Stats) int64 { return s.FrameMisses }},
		{"met_blocks_total", met, "outcome", "learned", func(s dedupe.Stats) int64 { return s.MetFetched }},
		{"met_blocks_total", met, "outcome", "dropped", func(s dedupe.Stats) int64 { return s.MetDropped }},
		{"damaged_blocks_total", "Blocks that turned out to be missing or damaged.", "", "", func(s dedupe.Stats) int64 { return s.Dropped }},
		{"block_bytes_total", "Bytes of the blocks that were stored.", "", "", func(s dedupe.Stats) int64 { return s.BlockBytes }},
		{"waiting_streams", "Incoming files that were read and wait for an upload to the store.", "", "", func(s dedupe.Stats) int64 { return s.Waiting }},
	})
	m.work("streams", func() memory.Usage { return stats().Streams })
	m.work("reads", func() memory.Usage { return stats().Reads })
}

// work adds the gauges of a budget of memory.
func (m *Metrics) work(of string, usage func() memory.Usage) {
	show(m, usage, []figure[memory.Usage]{
		{"work_memory_bytes", "Memory that is taken by buffers of files on their way.", "of", of, func(u memory.Usage) int64 { return u.Used }},
		{"work_memory_limit_bytes", "Memory that buffers of files on their way may take.", "of", of, func(u memory.Usage) int64 { return u.Limit }},
		{"work_memory_waiting", "Requests that wait for such memory.", "of", of, func(u memory.Usage) int64 { return u.Waiting }},
	})
}
