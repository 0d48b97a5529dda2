package metrics

import "aetherfs/internal/store/rangecache"

// RangeCache adds what a disk cache counts by itself. It is called once; stats
// is called several times a scrape.
func (m *Metrics) RangeCache(stats func() rangecache.Stats) {
	const (
		parts = "Parts of blocks, by what became of them in the disk cache."
		bytes = "Bytes of blocks, by where they were read."
	)
	show(m, stats, []figure[rangecache.Stats]{
		{"cache_parts_total", parts, "outcome", "hit", func(s rangecache.Stats) int64 { return s.Hits }},
		{"cache_parts_total", parts, "outcome", "miss", func(s rangecache.Stats) int64 { return s.Misses }},
		{"cache_parts_total", parts, "outcome", "evicted", func(s rangecache.Stats) int64 { return s.Evictions }},
		{"cache_parts_total", parts, "outcome", "skipped", func(s rangecache.Stats) int64 { return s.Skipped }},
		{"cache_parts_total", parts, "outcome", "failed", func(s rangecache.Stats) int64 { return s.Failures }},
		{"cache_read_bytes_total", bytes, "from", "disk", func(s rangecache.Stats) int64 { return s.HitBytes }},
		{"cache_read_bytes_total", bytes, "from", "store", func(s rangecache.Stats) int64 { return s.MissBytes }},
		{"cache_bytes", "Disk that the cache of what was read from the bucket takes.", "", "", func(s rangecache.Stats) int64 { return s.Bytes }},
	})
}
