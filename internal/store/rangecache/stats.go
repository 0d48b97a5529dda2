package rangecache

import "sync/atomic"

// Stats counts what the cache did since Open.
type Stats struct {
	Hits, Misses        int64 // parts, from disk and from the store
	HitBytes, MissBytes int64
	Evictions           int64 // parts that made way for others
	Skipped             int64 // parts that were not kept, as too many were on their way to the disk
	Failures            int64 // parts that the disk would not take
	Bytes               int64 // of disk that the parts take now
}

type counters struct {
	hits, misses, hitBytes, missBytes, evictions, skipped, failures atomic.Int64
}

// Stats may be called at any time.
func (c *Cache) Stats() Stats {
	n := &c.counts
	return Stats{
		Hits: n.hits.Load(), Misses: n.misses.Load(), HitBytes: n.hitBytes.Load(), MissBytes: n.missBytes.Load(),
		Evictions: n.evictions.Load(), Skipped: n.skipped.Load(), Failures: n.failures.Load(), Bytes: c.size(),
	}
}
