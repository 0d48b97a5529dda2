package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"aetherfs/internal/upkeep"
)

// Upkeep adds what a keeper counts by itself. It is called once; stats is
// called several times a scrape.
func (m *Metrics) Upkeep(stats func() upkeep.Stats) {
	for outcome, count := range map[string]func(upkeep.Stats) int64{
		"done":   func(s upkeep.Stats) int64 { return s.Folds },
		"lost":   func(s upkeep.Stats) int64 { return s.Lost },
		"failed": func(s upkeep.Stats) int64 { return s.Failed },
	} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Namespace: namespace, Name: "folds_total", Help: "Logs that were folded; lost are those that another gateway folded first.",
			ConstLabels: prometheus.Labels{"outcome": outcome},
		}, func() float64 { return float64(count(stats())) }))
	}
	for _, g := range []struct {
		name, help string
		value      func(upkeep.Stats) int64
	}{
		{"open_logs", "Logs that are open: one a dataset in use, and the hub's.", func(s upkeep.Stats) int64 { return s.Logs }},
		{"tail_records", "Records that wait for a fold.", func(s upkeep.Stats) int64 { return s.TailRecords }},
		{"tail_bytes", "Bytes of small files that wait for a fold.", func(s upkeep.Stats) int64 { return s.TailBytes }},
	} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: namespace, Name: g.name, Help: g.help},
			func() float64 { return float64(g.value(stats())) }))
	}
}
