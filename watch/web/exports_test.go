package web_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

// Readers of archlinux.org's mirror status get durations and scores of all sites from the
// history.
func TestArchweb(t *testing.T) {
	s := generations()
	clock := now.Add(-2 * time.Hour)
	kept, err := history.Open(t.Context(), filepath.Join(t.TempDir(), history.File), history.Settings{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	clock = now
	t.Cleanup(func() { kept.Close() })
	for _, site := range s.Sites {
		if strings.Contains(site.URL, "far") {
			continue // not looked at in the last day
		}
		for i, took := range []time.Duration{time.Second, 3 * time.Second} {
			o := &watch.Observation{Site: site.URL, Repository: "app", Endpoint: watch.Endpoint{Scheme: "https", Family: 4}, At: now.Add(-time.Duration(i+1) * time.Minute), Took: took}
			kept.Observed(o, &watch.Known{Endpoint: o.Endpoint, Last: o.At, Answered: o.At})
		}
		kept.Judged(s.Verdicts[watch.Key{Site: site.URL, Repository: "app"}])
	}
	if err := kept.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := serving(s)
	o.History = kept
	h := newServer(t, o)
	_, _, body := get(t, h.URL+"/export/archweb/app")
	var answer struct {
		Version int
		URLs    []struct {
			URL         string
			Completion  float64  `json:"completion_pct"`
			Average     *float64 `json:"duration_avg"`
			Deviation   *float64 `json:"duration_stddev"`
			Score       *float64
			CountryCode string `json:"country_code"`
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Version != 3 || len(answer.URLs) != len(s.Sites) {
		t.Fatalf("%v\n%s", err, body)
	}
	for _, u := range answer.URLs {
		switch {
		case strings.Contains(u.URL, "far"):
			if u.Average != nil || u.Score != nil {
				t.Errorf("a site that was not looked at: %+v", u)
			}
		case strings.Contains(u.URL, "good"):
			if u.Average == nil || *u.Average != 2 || u.Deviation == nil || *u.Deviation != 1 || u.Score == nil || *u.Score != 3 || u.Completion != 1 || u.CountryCode != "DE" {
				t.Errorf("the good site: %+v\n%s", u, body)
			}
		}
	}
}
