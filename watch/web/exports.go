package web

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

func (s *Server) routeExports() {
	s.mux.HandleFunc("GET /export/mirmon/{repository}", s.mirmon)
	s.mux.HandleFunc("GET /export/archweb/{repository}", s.archweb)
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	s.mux.HandleFunc("GET /readyz", s.ready)
}

// ready answers whether the watcher has looked around since it was started: until then its
// answers are those of before.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	snapshot := s.Snapshot()
	for _, known := range snapshot.Known {
		for _, k := range known {
			if k.Last.After(snapshot.Started) {
				fmt.Fprintln(w, "ready")
				return
			}
		}
	}
	if len(snapshot.Known) == 0 {
		fmt.Fprintln(w, "ready: there is nothing to watch")
		return
	}
	http.Error(w, "no site has been looked at yet", http.StatusServiceUnavailable)
}

// mirmon answers in the form of mirmon's state file: url, age, last status, last successful
// probe, history of probes, history of states, last probe. Times are seconds since 1970.
// The two histories have one letter each: that of now.
func (s *Server) mirmon(w http.ResponseWriter, r *http.Request) {
	snapshot, name := s.Snapshot(), r.PathValue("repository")
	var b strings.Builder
	known := false
	for _, site := range snapshot.Sites {
		v := snapshot.Verdicts[watch.Key{Site: site.URL, Repository: name}]
		if v == nil {
			continue
		}
		known = true
		var looked, answered time.Time
		fault := watch.FaultNone
		for _, k := range snapshot.Known[watch.Key{Site: site.URL, Repository: name}] {
			looked, answered = later(looked, k.Last), later(answered, k.Answered)
			if k.Failures > 0 {
				fault = k.Fault
			}
		}
		status, probe := "ok", "s"
		if fault != watch.FaultNone {
			status, probe = "'"+string(fault)+"'", "f"
		}
		class := map[watch.State]string{watch.InSync: "s", watch.Ahead: "s", watch.Behind: "b", watch.Unknown: "x", watch.Unreachable: "z"}[v.State]
		if class == "" {
			class = "f"
		}
		if v.State == watch.Behind && v.Lag > s.maxLag() {
			class = "f"
		}
		fmt.Fprintf(&b, "%s/ %s %s %s %s %d-%s %s\n", site.URL, epoch(synced(v, s.now())), status, epoch(answered), probe, s.now().Unix(), class, epoch(looked))
	}
	if !known {
		http.Error(w, "there is no site of this repository", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", plainText)
	fmt.Fprint(w, b.String())
}

func (s *Server) maxLag() time.Duration {
	if s.Lists.Policy.MaxLag > 0 {
		return s.Lists.Policy.MaxLag
	}
	return 12 * time.Hour
}

// synced is the moment of which a site's content is: that of its timestamp, or when it
// became stale, or now where it is in sync. It is zero where nothing is known.
func synced(v *watch.Verdict, now time.Time) time.Time {
	switch {
	case !v.Stamp.IsZero():
		return v.Stamp
	case v.Lag >= 0:
		return now.Add(-v.Lag)
	}
	return time.Time{}
}

func epoch(t time.Time) string {
	if t.IsZero() {
		return "undef"
	}
	return strconv.FormatInt(t.Unix(), 10)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// archwebURL is a mirror in the form of archlinux.org's mirror status, version 3.
type archwebURL struct {
	URL           string   `json:"url"`
	Protocol      string   `json:"protocol"`
	LastSync      *string  `json:"last_sync"`
	CompletionPct float64  `json:"completion_pct"`
	Delay         *int64   `json:"delay"`
	DurationAvg   *float64 `json:"duration_avg"`
	DurationDev   *float64 `json:"duration_stddev"`
	Score         *float64 `json:"score"`
	Active        bool     `json:"active"`
	Country       string   `json:"country"`
	CountryCode   string   `json:"country_code"`
	ISOs          bool     `json:"isos"`
	IPv4          bool     `json:"ipv4"`
	IPv6          bool     `json:"ipv6"`
	Details       string   `json:"details"`
}

// archweb answers in the form of archlinux.org's mirror status, for programs that read it.
// Delay is the lag in seconds, the share of completion that of the time in which the site
// answered in the last day, and the score (delay in hours + duration and its deviation in
// seconds) / completion, as there.
func (s *Server) archweb(w http.ResponseWriter, r *http.Request) {
	snapshot, name, now := s.Snapshot(), r.PathValue("repository"), s.now()
	all := []archwebURL{}
	var checked time.Time
	reachable, samples := map[string]float64{}, map[string]history.Sample{}
	if s.History != nil {
		found, err := s.History.Availability(r.Context(), history.Selection{Repository: name}, now.Add(-24*time.Hour), now)
		if err != nil {
			s.fail(w, http.StatusServiceUnavailable, err)
			return
		}
		for i := range found {
			reachable[found[i].Site] = found[i].Reachable()
		}
		if samples, err = s.History.SamplesOfSites(r.Context(), name, now.Add(-24*time.Hour), now); err != nil {
			s.fail(w, http.StatusServiceUnavailable, err)
			return
		}
	}
	for _, site := range snapshot.Sites {
		key := watch.Key{Site: site.URL, Repository: name}
		v := snapshot.Verdicts[key]
		if v == nil {
			continue
		}
		one := archwebURL{URL: site.URL + "/", Active: !site.Paused, CountryCode: site.Country, Country: site.Country}
		one.Protocol, _, _ = strings.Cut(site.URL, ":")
		for _, k := range snapshot.Known[key] {
			checked = later(checked, k.Last)
			one.IPv4, one.IPv6 = one.IPv4 || k.Endpoint.Family != 6, one.IPv6 || k.Endpoint.Family == 6
		}
		if v.State != watch.Unreachable && v.State != watch.Unknown {
			one.CompletionPct = 1
		}
		if share, known := reachable[site.URL]; known && share >= 0 {
			one.CompletionPct = math.Round(share*1e4) / 1e4
		}
		if at := synced(v, now); !at.IsZero() {
			text, delay := at.UTC().Format(time.RFC3339), int64(now.Sub(at)/time.Second)
			one.LastSync, one.Delay = &text, &delay
			if sample, looked := samples[site.URL]; looked {
				average, deviation := sample.Took.Seconds(), sample.TookDeviation.Seconds()
				one.DurationAvg, one.DurationDev = &average, &deviation
				if one.CompletionPct > 0 {
					score := (float64(delay)/3600 + average + deviation) / one.CompletionPct
					one.Score = &score
				}
			}
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		s.fail(w, http.StatusNotFound, errNoRepository)
		return
	}
	s.answer(w, r, map[string]any{
		"cutoff": 86400, "last_check": checked.UTC().Format(time.RFC3339), "num_checks": 1, "check_frequency": 90, "version": 3, "urls": all,
	})
}
