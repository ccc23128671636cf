package web

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
)

// metrics are what Prometheus is told, by its conventions: base units, moments and not
// ages. Of the states of a site and repository the present one is there, with the value 1:
// all of them would be too many series for a large fleet.
type metrics struct {
	handler http.Handler

	looks    *prometheus.CounterVec
	requests prometheus.Counter
	bytes    prometheus.Counter
	duration prometheus.Histogram
}

func described(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

var (
	upMetric          = described("mirror_up", "1 when an endpoint of the site answered the last look, else 0.", "mirror", "repository")
	stateMetric       = described("mirror_state", "1 for the present state of the site.", "mirror", "repository", "state")
	lagMetric         = described("mirror_lag_seconds", "Time since the site became stale; absent where it cannot be told.", "mirror", "repository")
	completeMetric    = described("mirror_complete_ratio", "Share of the checked files that were right; absent where none was checked.", "mirror", "repository")
	lookMetric        = described("mirror_last_check_timestamp_seconds", "When the site was looked at last.", "mirror", "repository")
	stampMetric       = described("mirror_stamp_timestamp_seconds", "Timestamp that the site is judged by.", "mirror", "repository")
	certificateMetric = described("mirror_tls_not_after_timestamp_seconds", "When the site's certificate expires.", "mirror")
	listedMetric      = described("mirror_listed", "1 when the site stands in the list of mirrors, else 0.", "mirror", "repository")
	publishedMetric   = described("source_generation_published_timestamp_seconds", "When the source published its newest generation.", "repository", "root")
	brokenMetric      = described("source_broken", "1 when sites cannot be judged by the source at the moment, else 0.", "repository")
	reachedMetric     = described("source_reached_timestamp_seconds", "When the source answered last.", "repository")
	plantedMetric     = described("source_planted_timestamp_seconds", "Timestamp that was planted last.", "repository")
	oldMetric         = described("mirror_health_check", "Age of the mirror's timestamp in seconds, -1 if none was seen.", "url")
	blindMetric       = described("watch_blind", "1 when the watcher itself sees next to nothing, else 0.")
)

func (s *Server) newMetrics() *metrics {
	m := &metrics{
		looks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mirror_checks_total", Help: "Looks at endpoints, by how they ended.",
		}, []string{"result"}),
		requests: prometheus.NewCounter(prometheus.CounterOpts{Name: "mirror_check_requests_total", Help: "Requests sent to sites."}),
		bytes:    prometheus.NewCounter(prometheus.CounterOpts{Name: "mirror_check_bytes_total", Help: "Bytes sent to and received from sites."}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "mirror_check_duration_seconds", Help: "How long looks at endpoints took.", Buckets: prometheus.ExponentialBuckets(0.01, 3, 10),
		}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.looks, m.requests, m.bytes, m.duration, siteMetrics{s})
	m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
	return m
}

// Looked counts a look, for the metrics.
func (s *Server) Looked(o *watch.Observation) {
	result := "answered"
	if o.Fault != watch.FaultNone {
		result = string(o.Fault)
	}
	s.metrics.looks.WithLabelValues(result).Inc()
	s.metrics.requests.Add(float64(o.Requests))
	s.metrics.bytes.Add(float64(o.Bytes))
	s.metrics.duration.Observe(o.Took.Seconds())
}

// siteMetrics tells of the latest snapshot.
type siteMetrics struct{ *Server }

// Describe implements [prometheus.Collector].
func (c siteMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		upMetric, stateMetric, lagMetric, completeMetric, lookMetric, stampMetric, certificateMetric, listedMetric,
		publishedMetric, brokenMetric, reachedMetric, plantedMetric, blindMetric, oldMetric,
	} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (c siteMetrics) Collect(to chan<- prometheus.Metric) {
	c.Server = c.latest()
	snapshot := c.Snapshot()
	tell := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	moment := func(d *prometheus.Desc, at time.Time, labels ...string) {
		if !at.IsZero() {
			tell(d, float64(at.UnixMilli())/1000, labels...)
		}
	}
	tell(blindMetric, truth(snapshot.Blind.All != ""))
	aged := map[string]bool{}
	for _, b := range c.Old {
		for _, site := range snapshot.Sites {
			if b.Metrics != "" && serves(site, b.Repository) && !aged[site.URL] {
				aged[site.URL] = true
				tell(oldMetric, float64(age(snapshot, site.URL, b.Repository, c.now())), site.URL)
			}
		}
	}
	for i := range snapshot.Repositories {
		name := snapshot.Repositories[i].Name
		if source := snapshot.Sources[name]; source != nil {
			tell(brokenMetric, truth(source.Broken != ""), name)
			moment(reachedMetric, source.Reached, name)
			moment(plantedMetric, source.Planted, name)
			for _, l := range source.Ledgers {
				if n := len(l.Generations); n > 0 {
					moment(publishedMetric, l.Generations[n-1].Published, name, l.Name)
				}
			}
		}
		listed := map[string]bool{}
		if a, err := c.ask(snapshot, listKey{repository: name}); err == nil {
			for _, e := range a.listed.Entries {
				listed[e.URL] = true
			}
		}
		for _, site := range snapshot.Sites {
			key := watch.Key{Site: site.URL, Repository: name}
			v := snapshot.Verdicts[key]
			if v == nil || !serves(site, name) {
				continue
			}
			tell(stateMetric, 1, site.URL, name, string(v.State))
			tell(listedMetric, truth(listed[site.URL]), site.URL, name)
			if v.Lag >= 0 {
				tell(lagMetric, v.Lag.Seconds(), site.URL, name)
			}
			if v.Complete >= 0 {
				tell(completeMetric, v.Complete, site.URL, name)
			}
			moment(stampMetric, v.Stamp, site.URL, name)
			var looked time.Time
			up := false
			for _, k := range snapshot.Known[key] {
				if k.Last.After(looked) {
					looked = k.Last
				}
				up = up || !k.Last.IsZero() && k.Failures == 0
			}
			tell(upMetric, truth(up), site.URL, name)
			moment(lookMetric, looked, site.URL, name)
		}
	}
	for _, site := range snapshot.Sites {
		var expires time.Time
		for _, name := range site.Repositories {
			for _, k := range snapshot.Known[watch.Key{Site: site.URL, Repository: name}] {
				if !k.NotAfter.IsZero() && (expires.IsZero() || k.NotAfter.Before(expires)) {
					expires = k.NotAfter
				}
			}
		}
		moment(certificateMetric, expires, site.URL)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
