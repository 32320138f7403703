package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"usher/domain"
	"usher/persistence"
)

// metrics is what /metrics shows. Labels have few values, all of our own making: no path, no organisation.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	lag      prometheus.Histogram
	runs     *prometheus.CounterVec
	sweeps   *prometheus.CounterVec
	changes  *prometheus.CounterVec
	outgoing
}

// newMetrics registers everything.
func newMetrics(registry prometheus.Registerer, stat func() persistence.Stat) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "usher_http_requests_total", Help: "Requests answered, by route, method, status and kind of connection.",
		}, []string{"route", "method", "status", "kind"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "usher_http_request_duration_seconds", Help: "Time from the request's headers to the end of its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "kind"}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "usher_event_lag_seconds", Help: "Time from when a change was decided to when it and its event were durable.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		sweeps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "usher_sweeps_total", Help: "Sweeps of an organisation that this server ran, by kind and outcome: finished, failed (and tried again).",
		}, []string{"kind", "outcome"}),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "usher_sweep_changes_total", Help: "What those sweeps changed or told of: people, links, sessions, seats, reviews.",
		}, []string{"kind"}),
		runs: newRuns(), outgoing: newOutgoing(),
	}
	for _, c := range append(m.collectors(),
		m.requests, m.duration, m.lag, m.runs, m.sweeps, m.changes, pool{stat}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	) {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) observe(route, method string, status int, kind string, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status), kind).Inc()
	m.duration.WithLabelValues(route, kind).Observe(took.Seconds())
}

// swept counts a sweep of one organisation.
func (m *metrics) swept(kind domain.SweepKind, report domain.SweepReport, err error) {
	outcome := "finished"
	if err != nil {
		outcome = runFailed
	}
	m.sweeps.WithLabelValues(string(kind), outcome).Inc()
	m.changes.WithLabelValues(string(kind)).Add(float64(report.Changes()))
}

// handler answers /metrics, and nothing else.
func (m *metrics) handler(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	return mux
}

// pool shows the database's connections, all read at the same moment.
type pool struct{ stat func() persistence.Stat }

func (pool) descriptions() (connections, queue *prometheus.Desc) {
	return prometheus.NewDesc("usher_database_connections", "Database connections: at most (max), there (open), at work (in_use).", []string{"database", "state"}, nil),
		prometheus.NewDesc("usher_database_write_queue", "Writes that wait for the next common commit (SQLite).", []string{"database"}, nil)
}

// Describe implements prometheus.Collector.
func (p pool) Describe(out chan<- *prometheus.Desc) {
	connections, queue := p.descriptions()
	out <- connections
	out <- queue
}

// Collect implements prometheus.Collector.
func (p pool) Collect(out chan<- prometheus.Metric) {
	connections, queue := p.descriptions()
	s := p.stat()
	gauge := func(d *prometheus.Desc, n int, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	gauge(connections, s.Max, s.Kind, "max")
	gauge(connections, s.Open, s.Kind, "open")
	gauge(connections, s.InUse, s.Kind, "in_use")
	gauge(queue, s.Queue, s.Kind)
}
