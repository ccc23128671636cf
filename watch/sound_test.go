package watch

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// TestSoundSites: a site that copies as it ought to never gets a state that it is not in,
// whatever the order of its copying and its timing against publications and looks.
func TestSoundSites(t *testing.T) {
	seeds := 2
	if os.Getenv("PROVE") != "" {
		seeds = 60
	}
	for _, o := range []order{twoStages, rootFirst, anyOrder} {
		t.Run(string(o), func(t *testing.T) {
			for seed := range seeds {
				soundSite(t, o, uint64(seed))
			}
		})
	}
}

// soundSite is 1,000 looks at one site.
func soundSite(t *testing.T, o order, seed uint64) {
	w := newWorld(t, seed, 40)
	s := w.site("https://a.example.org/debian", Endpoint{Scheme: "https", Family: 4}, Endpoint{Scheme: "https", Family: 6})
	w.budget.Sweep, w.budget.Sample = 3*time.Hour, time.Hour
	w.budget.Files = 5 + w.random.IntN(60)
	var publish, sync func()
	publish = func() {
		w.publish(w.random.IntN(5), w.random.IntN(4))
		w.at(time.Duration(200+w.random.IntN(5000))*time.Second, publish)
	}
	sync = func() {
		takes := time.Duration(w.random.IntN(600)) * time.Second
		w.sync(s, o, takes)
		w.at(takes+time.Duration(60+w.random.IntN(3000))*time.Second, sync)
	}
	w.at(time.Duration(w.random.IntN(1000))*time.Second, publish)
	w.at(time.Duration(w.random.IntN(1000))*time.Second, sync)
	count := map[State]int{}
	for i := range 1000 {
		v := w.round(s)
		count[v.State]++
		if v.State == Unknown && v.Reason == NotYet || s.truths[v.State] {
			continue
		}
		if v.State == InSync { // what nobody looked at may be wrong, but for a while only
			continue
		}
		t.Fatalf("seed %d, look %d: %s %s, and the site was never so during the look, but %v\n%s", seed, i, v.State, v.Reason, s.truths, sentences(v))
	}
	w.events = nil
	w.sync(s, o, time.Second)
	w.pass(time.Minute)
	var v Verdict
	for range 12 {
		if v = w.round(s); v.State == InSync {
			break
		}
	}
	if v.State != InSync || v.Lag != 0 {
		t.Errorf("seed %d: in the end the site is %s %s\n%s", seed, v.State, v.Reason, sentences(v))
	}
	if count[InSync] < 100 || count[Unknown] > 100 {
		t.Errorf("seed %d: states %v", seed, count)
	}
	if testing.Verbose() {
		t.Log(seed, count)
	}
}

func sentences(v Verdict) string {
	s := ""
	for _, e := range v.Evidence {
		s += fmt.Sprintf("  %s %s %s: %s\n", e.Endpoint, e.Level, e.At.Format(time.TimeOnly), e.Text)
	}
	return s
}
