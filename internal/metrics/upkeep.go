package metrics

import "aetherfs/internal/upkeep"

// Upkeep adds what a keeper counts by itself. It is called once; stats is
// called several times a scrape.
func (m *Metrics) Upkeep(stats func() upkeep.Stats) {
	const folds = "Logs that were folded; lost are those that another gateway folded first."
	show(m, stats, []figure[upkeep.Stats]{
		{"folds_total", folds, "outcome", "done", func(s upkeep.Stats) int64 { return s.Folds }},
		{"folds_total", folds, "outcome", "lost", func(s upkeep.Stats) int64 { return s.Lost }},
		{"folds_total", folds, "outcome", "failed", func(s upkeep.Stats) int64 { return s.Failed }},
		{"open_logs", "Logs that are open: one a dataset in use, and the hub's.", "", "", func(s upkeep.Stats) int64 { return s.Logs }},
		{"tail_records", "Records that wait for a fold.", "", "", func(s upkeep.Stats) int64 { return s.TailRecords }},
		{"tail_bytes", "Bytes of small files that wait for a fold.", "", "", func(s upkeep.Stats) int64 { return s.TailBytes }},
	})
}
