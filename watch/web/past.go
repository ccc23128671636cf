package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

func (s *Server) routePast() {
	s.mux.HandleFunc("GET /api/v1/history", s.past)
	s.mux.HandleFunc("GET /api/v1/availability", s.availability)
	s.mux.HandleFunc("GET /api/v1/propagation", s.propagation)
}

// span reads the time that is asked about, of from and to: moments in the form of RFC
// 3339. Without from it is the last day, or so long as usual says.
func (s *Server) span(r *http.Request, usual time.Duration) (from, to time.Time, err error) {
	q := r.URL.Query()
	to = s.now()
	if text := q.Get("to"); text != "" {
		if to, err = time.Parse(time.RFC3339, text); err != nil {
			return from, to, fmt.Errorf("to is %q (expected a moment such as 2026-05-04T12:00:00Z)", text)
		}
	}
	from = to.Add(-usual)
	if text := q.Get("from"); text != "" {
		if from, err = time.Parse(time.RFC3339, text); err != nil {
			return from, to, fmt.Errorf("from is %q (expected a moment such as 2026-05-04T12:00:00Z)", text)
		}
	}
	if !from.Before(to) {
		return from, to, fmt.Errorf("from %s is not before to %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	return from, to, nil
}

// mostSteps bounds how many samples one answer has.
const mostSteps = 2000

type sampleAnswer struct {
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Looks     int       `json:"looks"`
	Failed    int       `json:"failed"`
	FirstByte float64   `json:"first_byte_seconds"`
	Took      float64   `json:"took_seconds"`
	Requests  int64     `json:"requests"`
	Bytes     int64     `json:"bytes"`
}

type stateAnswer struct {
	State      watch.State      `json:"state"`
	Reason     watch.Reason     `json:"reason,omitempty"`
	Since      time.Time        `json:"since"`
	Until      time.Time        `json:"until,omitzero"`
	Generation repo.Digest      `json:"generation,omitzero"`
	Evidence   []watch.Evidence `json:"evidence"`
}

// past answers with the states of a site and watched repository during a time, and what
// looks gave in steps of it. Parameters: site, repository, from, to, and step such as 1h.
func (s *Server) past(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	key := watch.Key{Site: strings.TrimRight(q.Get("site"), "/"), Repository: q.Get("repository")}
	from, to, err := s.span(r, 24*time.Hour)
	step := to.Sub(from) / 96
	if text := q.Get("step"); err == nil && text != "" {
		if step, err = time.ParseDuration(text); err != nil || step <= 0 {
			err = fmt.Errorf("step is %q (expected a time such as 15m)", text)
		}
	}
	if err == nil && to.Sub(from)/step > mostSteps {
		err = fmt.Errorf("step is too small: there would be more than %d", mostSteps)
	}
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	states, err := s.History.States(r.Context(), key, from, to)
	if err != nil {
		s.fail(w, http.StatusServiceUnavailable, err)
		return
	}
	samples, err := s.History.Samples(r.Context(), key, nil, from, to, step)
	if err != nil {
		s.fail(w, http.StatusServiceUnavailable, err)
		return
	}
	answer := struct {
		Site       string         `json:"site"`
		Repository string         `json:"repository"`
		From       time.Time      `json:"from"`
		To         time.Time      `json:"to"`
		States     []stateAnswer  `json:"states"`
		Samples    []sampleAnswer `json:"samples"`
	}{key.Site, key.Repository, from, to, []stateAnswer{}, []sampleAnswer{}}
	for _, x := range states {
		one := stateAnswer{x.State, x.Reason, x.Since, x.Until, x.Generation, x.Evidence}
		if one.Evidence == nil {
			one.Evidence = []watch.Evidence{}
		}
		answer.States = append(answer.States, one)
	}
	for _, x := range samples {
		answer.Samples = append(answer.Samples, sampleAnswer{
			x.From, x.To, x.Looks, x.Failed, x.FirstByte.Seconds(), x.Took.Seconds(), x.Requests, x.Bytes,
		})
	}
	s.answer(w, r, answer)
}

// availability answers with the shares of a time in which sites were in sync and answered.
// Parameters: site, repository, from, to; by default the last 30 days of all.
func (s *Server) availability(w http.ResponseWriter, r *http.Request) {
	from, to, err := s.span(r, 30*24*time.Hour)
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	q := r.URL.Query()
	found, err := s.History.Availability(r.Context(), history.Selection{Site: strings.TrimRight(q.Get("site"), "/"), Repository: q.Get("repository")}, from, to)
	if err != nil {
		s.fail(w, http.StatusServiceUnavailable, err)
		return
	}
	type one struct {
		Site       string                  `json:"site"`
		Repository string                  `json:"repository"`
		InSync     float64                 `json:"in_sync"`   // share of the known time, -1 for unknown
		Reachable  float64                 `json:"reachable"` // likewise
		Seconds    map[watch.State]float64 `json:"seconds"`
	}
	all := []one{}
	for i := range found {
		x := one{found[i].Site, found[i].Repository, found[i].InSync(), found[i].Reachable(), map[watch.State]float64{}}
		for state, span := range found[i].Spans {
			x.Seconds[state] = span.Seconds()
		}
		all = append(all, x)
	}
	s.answer(w, r, map[string]any{"from": from, "to": to, "availability": all})
}

// propagation answers how a generation spread over the sites. Parameters: root, the name of
// a repository, and generation, the digest of its root file.
func (s *Server) propagation(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	digest, err := repo.ParseDigest(q.Get("generation"))
	if err != nil {
		s.fail(w, http.StatusBadRequest, fmt.Errorf("generation: %w", err))
		return
	}
	p, err := s.History.Propagation(r.Context(), q.Get("root"), digest)
	switch {
	case errors.Is(err, history.ErrUnknown):
		s.fail(w, http.StatusNotFound, err)
		return
	case err != nil:
		s.fail(w, http.StatusServiceUnavailable, err)
		return
	}
	type point struct {
		Share   float64 `json:"share"`
		Seconds float64 `json:"seconds"`
	}
	curve := []point{}
	for _, x := range p.Curve {
		curve = append(curve, point{x.Share, x.After.Seconds()})
	}
	s.answer(w, r, map[string]any{"root": q.Get("root"), "generation": digest, "published": p.Published, "sites": p.Sites, "reached": p.Reached, "curve": curve})
}
