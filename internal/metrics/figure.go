package metrics

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// figure is a number that another package keeps among its statistics: a counter
// if its name ends with _total, and a gauge if not.
type figure[S any] struct {
	name, help   string
	label, value string // the only one; "" is none
	of           func(S) int64
}

// show adds figures. Each calls stats at each scrape.
func show[S any](m *Metrics, stats func() S, figures []figure[S]) {
	for _, f := range figures {
		opts := prometheus.Opts{Namespace: namespace, Name: f.name, Help: f.help}
		if f.label != "" {
			opts.ConstLabels = prometheus.Labels{f.label: f.value}
		}
		now := func() float64 { return float64(f.of(stats())) }
		if strings.HasSuffix(f.name, "_total") {
			m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts(opts), now))
		} else {
			m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts(opts), now))
		}
	}
}
