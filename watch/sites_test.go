package watch

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
)

// sites is a world of several sites, which break and are put right, with the list that is
// made of them.
type sites struct {
	*world
	all        []*site
	heal       []func() // by site, nil for one that is sound
	everBroken []bool
	lacks      string // a file that the source lacks
	file       blob
	advertised repo.Digest
	policy     Policy
}

// TestSites: whatever breaks, sites that are sound get no bad state, no list is empty or
// holds a site that is too stale, the advertised generation never goes back, no verdict
// depends on the order of endpoints, and in the end all sites are in sync and listed.
func TestSites(t *testing.T) {
	breaking := slices.DeleteFunc(slices.Clone(faults), func(f fault) bool { return f.state == InSync || f.heals > 2 && f.state == Foreign })
	most := 8
	if os.Getenv("PROVE") != "" {
		most = 60
	}
	rapid.Check(t, func(t *rapid.T) {
		s := &sites{world: newWorld(t, rapid.Uint64().Draw(t, "world"), 20), policy: Policy{MaxLag: 20 * time.Minute, Source: sourceURL}}
		s.budget = Budget{Sample: 10 * time.Minute, Samples: 20, Ranges: 10, Sweep: 30 * time.Minute, Files: 40}
		s.settings.FlapWindow = 10 * time.Minute
		for i := range 3 {
			s.all = append(s.all, s.site(fmt.Sprintf("https://%d.example.org/debian", i), Endpoint{Scheme: "https", Family: 4}, Endpoint{Scheme: "https", Family: 6}))
			s.heal, s.everBroken = append(s.heal, nil), append(s.everBroken, false)
		}
		for range rapid.IntRange(3, most).Draw(t, "steps") {
			i := rapid.IntRange(0, 2).Draw(t, "site")
			switch rapid.SampledFrom([]string{"publish", "sync", "sync", "break", "put right", "source breaks", "source is put right"}).Draw(t, "step") {
			case "publish":
				s.publish(rapid.IntRange(0, 4).Draw(t, "add"), rapid.IntRange(0, 3).Draw(t, "remove"))
			case "sync":
				if s.heal[i] == nil && s.lacks == "" {
					s.sync(s.all[i], rapid.SampledFrom([]order{twoStages, rootFirst, anyOrder}).Draw(t, "order"), time.Duration(rapid.IntRange(1, 300).Draw(t, "takes"))*time.Second)
				}
			case "break":
				s.breaks(i, rapid.SampledFrom(breaking).Draw(t, "fault"))
			case "put right":
				s.putRight(i)
			case "source breaks":
				if s.lacks == "" {
					s.publish(2, 0)
					s.lacks = newPackage(s.world, s.source.tree)
					s.file = s.source.tree.files[s.lacks]
					delete(s.source.tree.files, s.lacks)
				}
			case "source is put right":
				s.putSourceRight()
			}
			for range rapid.IntRange(1, 4).Draw(t, "rounds") {
				s.round(t)
			}
		}
		s.putSourceRight()
		s.events = nil
		for i, one := range s.all {
			s.putRight(i)
			one.tree = s.source.tree.clone()
		}
		for n := 0; ; n++ {
			list := s.round(t)
			sound := !slices.ContainsFunc(s.all, func(one *site) bool { return one.verdict.State != InSync })
			if sound && len(list.Entries) == len(s.all) && len(list.Excluded) == 0 {
				return
			}
			if n == 20 {
				for _, one := range s.all {
					t.Logf("%s: %s %s\n%s", one.URL, one.verdict.State, one.verdict.Reason, sentences(one.verdict))
				}
				t.Fatalf("all was put right %d rounds ago, and the list is %+v", n, list)
			}
		}
	})
}

func (s *sites) breaks(i int, f fault) {
	if s.heal[i] != nil || s.lacks != "" {
		return
	}
	s.events = nil // nobody syncs while it breaks
	s.everBroken = slices.Repeat([]bool{true}, len(s.all))
	s.heal[i] = f.do(s.world, s.all[i])
}

func (s *sites) putRight(i int) {
	if s.heal[i] == nil || s.lacks != "" {
		return
	}
	s.heal[i]()
	s.heal[i] = nil
}

func (s *sites) putSourceRight() {
	if s.lacks != "" && s.source.tree.root == digest(s.published) {
		s.source.tree.files[s.lacks] = s.file
	}
	s.lacks = ""
}

// round looks at the source and at all sites, and holds what is always true.
func (s *sites) round(t *rapid.T) List {
	s.pass(80*time.Second + time.Duration(s.random.IntN(20000))*time.Millisecond)
	s.lookAtSource()
	var candidates []Candidate
	var listed []Verdict
	for i, one := range s.all {
		before := one.verdict
		v := s.lookAt(one)
		checkVerdict(t, v)
		for _, e := range one.endpoints {
			checkKnown(t, e.known)
		}
		known := one.knownAll()
		slices.Reverse(known)
		if back := Judge(s.repository, one.Site, s.known, known, before, Blindness{}, s.settings, s.now); before.State != Ahead && v.State != Ahead && mustJSON(t, back.Endpoints) != mustJSON(t, v.Endpoints) {
			t.Fatalf("the verdict depends on the order of endpoints: %+v and %+v", v, back)
		}
		if !s.everBroken[i] && v.State != Unknown && v.State != InSync && !one.truths[v.State] {
			t.Fatalf("%s is %s %s, and was never so during the look, but %v\n%s", one.URL, v.State, v.Reason, one.truths, sentences(v))
		}
		candidates = append(candidates, Candidate{one.Site, v})
	}
	list := Listed(candidates, s.policy, Client{Seed: 1}, s.now)
	if len(list.Entries) == 0 {
		t.Fatal("an empty list")
	}
	for _, e := range list.Entries {
		for i, one := range s.all {
			if e.URL != one.URL {
				continue
			}
			listed = append(listed, one.verdict)
			if slices.ContainsFunc(one.endpoints, func(e *endpoint) bool { return e.serve != nil }) {
				continue // one of two servers
			}
			if stale := s.staleness(one); stale > s.policy.MaxLag+10*time.Minute {
				t.Fatalf("%s (broken: %v) is listed as %q, and stale for %s\n%s", e.URL, s.heal[i] != nil, e.Why, stale, sentences(one.verdict))
			}
		}
	}
	l := s.known.ledger(rootName)
	next := Advertised(l, s.advertised)
	if l.Find(next) < l.Find(s.advertised) || next.IsZero() {
		t.Fatalf("advertised was %s, and is %s", s.advertised, next)
	}
	s.advertised = next
	for _, d := range Alternates(l, next, listed, 1) {
		if l.Find(d) >= l.Find(next) {
			t.Fatalf("%s is an alternate of %s", d, next)
		}
	}
	return list
}

// staleness is for how long the source has had a generation that is newer than what a site
// shows, in truth.
func (s *sites) staleness(one *site) time.Duration {
	l := s.known.ledger(rootName)
	at := l.Find(one.tree.root)
	if at < 0 || at >= l.completeAt(s.now) {
		return 0
	}
	return s.now.Sub(l.becameStale(at))
}
