package history_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mirrorkeeper/mirrorkeeper/repo"
	"github.com/mirrorkeeper/mirrorkeeper/watch"
	"github.com/mirrorkeeper/mirrorkeeper/watch/history"
)

const (
	site       = "https://mirror1.example.net/debian"
	repository = "debian"
	root       = "debian/bookworm"
)

var (
	key    = watch.Key{Site: site, Repository: repository}
	over4  = watch.Endpoint{Scheme: "https", Family: 4}
	over6  = watch.Endpoint{Scheme: "https", Family: 6, Addr: netip.MustParseAddr("2001:db8::1")}
	toNull = cmpopts.EquateEmpty()
	exact  = cmp.Options{toNull, cmp.Comparer(func(a, b repo.Digest) bool { return a == b }), cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(time.Time.Equal)}
)

// generation is the digest of the n-th generation.
func generation(n int) repo.Digest {
	sum := sha256.Sum256(fmt.Append(nil, "generation ", n))
	return repo.NewDigest(repo.SHA256, sum[:])
}

func looked(at time.Time, e watch.Endpoint, shown repo.Digest) (*watch.Observation, *watch.Known) {
	o := &watch.Observation{
		Site: site, Repository: repository, Endpoint: e, At: at, Took: 300 * time.Millisecond, FirstByte: 20 * time.Millisecond, Requests: 3, Bytes: 4096,
		Roots: []watch.RootSeen{{Name: root, Digest: shown}},
	}
	k := &watch.Known{
		Endpoint: e, Last: at, Answered: at, Skew: 2 * time.Second, Spent: 4096,
		Roots: []watch.KnownRoot{{Name: root, Digest: shown, Since: at.Add(-time.Hour), Checks: []watch.Check{{Level: watch.LevelIndexes, Root: shown, At: at, Checked: 7, Of: 7}}}},
	}
	return o, k
}

func inSync(at time.Time, e ...watch.Endpoint) *watch.Verdict {
	v := &watch.Verdict{Site: site, Repository: repository, State: watch.InSync, Since: at, At: at, Complete: 1, Generation: generation(1)}
	for _, e := range e {
		v.Endpoints = append(v.Endpoints, watch.EndpointVerdict{Endpoint: e, State: watch.InSync, Root: generation(1), At: at})
	}
	return v
}

func behind(at time.Time, lag time.Duration) *watch.Verdict {
	return &watch.Verdict{
		Site: site, Repository: repository, State: watch.Behind, Since: at, At: at, Lag: lag, Complete: 1, Generation: generation(1),
		Evidence: []watch.Evidence{{Endpoint: over4, Root: root, Level: watch.LevelRoot, At: at, Seen: generation(1).String(), Text: "It serves the generation before."}},
	}
}

// with adds verdicts on roots: the site holds the generation of each, or none completely.
func with(v *watch.Verdict, roots map[string]repo.Digest) *watch.Verdict {
	for _, name := range slices.Sorted(maps.Keys(roots)) {
		r := watch.RootVerdict{Name: name, State: watch.InSync, Root: roots[name]}
		if r.Root.IsZero() {
			r.State = watch.HalfSynced
		}
		v.Roots = append(v.Roots, r)
	}
	return v
}

func published(n int, at time.Time) watch.Generation {
	return watch.Generation{Root: generation(n), Published: at, Date: at.Add(-time.Minute), Files: 1000 + n, Bytes: 1 << 40, Complete: true}
}

// TestRestart shows that what was written is there after a restart, and is as it was.
func TestRestart(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, clock, address := t.Context(), newClock(), fresh()
		at := clock.Now()
		settings := history.Settings{Now: clock.Now}
		s, err := history.Open(ctx, address, settings)
		must(t, err)
		ctxRun, stop := context.WithCancel(ctx)
		ended := make(chan error)
		go func() { ended <- s.Run(ctxRun) }()

		o4, k4 := looked(at, over4, generation(1))
		o6, k6 := looked(at.Add(time.Second), over6, generation(1))
		k6.Roots[0].Checks[0].Bad = []watch.FileSeen{{Path: "pool/a.deb", Fault: watch.FaultMissing, At: at, Detail: "404 Not Found"}}
		k6.Roots[0].Checks[0].BadCount = 1
		s.Published(root, published(1, at.Add(-time.Hour)))
		s.Observed(o4, k4)
		s.Observed(o6, k6)
		v := inSync(at.Add(time.Second), over4, over6)
		v.Endpoints[0].At = at
		v.Stamp = at.Add(-time.Minute)
		s.Judged(with(v, map[string]repo.Digest{root: generation(1)}))
		s.Planted(history.Planted{Repository: "pub", Directory: "a", To: "sftp://origin.example.org/srv/pub", At: at, Stamp: at, Sequence: 7})
		stop()
		must(t, <-ended) // Run writes what waits when it ends
		must(t, s.Close())

		s = open(t, address, settings)
		known, err := s.Known(ctx)
		must(t, err)
		diff(t, "known", map[watch.Key][]watch.Known{key: {*k4, *k6}}, known)
		verdicts, err := s.Verdicts(ctx, history.Selection{})
		must(t, err)
		diff(t, "verdicts", []*watch.Verdict{v}, verdicts)
		ledgers, err := s.Ledgers(ctx, root, "other")
		must(t, err)
		diff(t, "ledgers", []watch.Ledger{{Name: root, Generations: []watch.Generation{published(1, at.Add(-time.Hour))}}, {Name: "other"}}, ledgers)
		planted, err := s.LastPlanted(ctx)
		must(t, err)
		if len(planted) != 1 || planted[0].Sequence != 7 || !planted[0].Stamp.Equal(at) {
			t.Errorf("planted: %+v", planted)
		}
		looks, err := s.Looks(ctx, key, at, at.Add(time.Minute), 10)
		must(t, err)
		want := history.Look{Endpoint: over4, At: at, Took: o4.Took, FirstByte: o4.FirstByte, Requests: 3, Bytes: 4096, Roots: []history.ShownRoot{{Name: root, Digest: generation(1)}}}
		if len(looks) != 2 {
			t.Fatalf("looks: %+v", looks)
		}
		diff(t, "look", want, looks[0])
	})
}

func diff(t interface {
	Errorf(string, ...any)
	Helper()
}, what string, want, got any,
) {
	t.Helper()
	if d := cmp.Diff(want, got, exact); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// TestOnlyChanges shows that looks that find nothing new write neither verdicts nor what
// is known, and that both are as of the last look all the same.
func TestOnlyChanges(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, clock := t.Context(), newClock()
		s := open(t, fresh(), history.Settings{Now: clock.Now})
		first := clock.Now()
		var last time.Time
		var bodies []string
		for range 5 {
			at := clock.add(90 * time.Second)
			o4, k4 := looked(at, over4, generation(1))
			o6, k6 := looked(at.Add(time.Second), over6, generation(1))
			k4.Roots[0].Since, k6.Roots[0].Since = first, first
			s.Observed(o4, k4)
			s.Observed(o6, k6)
			last = at.Add(time.Second)
			v := behind(last, last.Sub(first)) // stale since then
			v.Since = first
			v.Endpoints = []watch.EndpointVerdict{{Endpoint: over4, State: watch.Behind, At: at}, {Endpoint: over6, State: watch.Behind, At: last}}
			v.Evidence[0].At = at
			lag := int64(last.Sub(first) / time.Second)
			v.Roots = []watch.RootVerdict{{Name: root, State: watch.Behind, LagSeconds: lag}, {Name: "other", State: watch.Unknown, LagSeconds: -1}}
			v.Endpoints[0].Roots = []watch.RootVerdict{{Name: root, State: watch.Behind, LagSeconds: lag - 1}}
			s.Judged(v)
			must(t, s.Flush(ctx))
			var body string
			must(t, s.One(ctx, &body, `SELECT k.body FROM known k JOIN endpoints e ON e.id = k.endpoint WHERE e.family = 4`))
			bodies = append(bodies, body)
		}
		for _, b := range bodies[1:] {
			if b != bodies[0] {
				t.Errorf("what is known was written again:\n%s\n%s", bodies[0], b)
			}
		}
		var written int64
		must(t, s.One(ctx, &written, `SELECT at FROM verdicts`))
		if want := first.Add(91 * time.Second).UnixMilli(); written != want {
			t.Errorf("the verdict was written again")
		}
		verdicts, err := s.Verdicts(ctx, history.Selection{})
		must(t, err)
		v := verdicts[0]
		if !v.At.Equal(last) || v.Lag != last.Sub(first) || !v.Endpoints[0].At.Equal(last.Add(-time.Second)) || !v.Evidence[0].At.Equal(last.Add(-time.Second)) ||
			v.Roots[0].LagSeconds != int64(v.Lag/time.Second) || v.Roots[1].LagSeconds != -1 || v.Endpoints[0].Roots[0].LagSeconds != v.Roots[0].LagSeconds-1 {
			t.Errorf("verdict after more looks: %+v", v)
		}
		brief, err := s.Verdicts(ctx, history.Selection{Site: site, Brief: true})
		must(t, err)
		if len(brief) != 1 || !brief[0].At.Equal(last) || brief[0].Evidence != nil {
			t.Errorf("brief: %+v", brief)
		}
		if none, err := s.Verdicts(ctx, history.Selection{Repository: "other"}); err != nil || len(none) != 0 {
			t.Errorf("others: %v, %v", none, err)
		}
	})
}

func TestStates(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, clock, address := t.Context(), newClock(), fresh()
		s := open(t, address, history.Settings{Now: clock.Now})
		begin := clock.Now()
		say := func(after time.Duration, state watch.State, reason watch.Reason, frozen bool, since time.Duration) {
			s.Judged(&watch.Verdict{
				Site: site, Repository: repository, State: state, Reason: reason, Frozen: frozen, Since: begin.Add(since), At: begin.Add(after),
				Generation: generation(1), Evidence: []watch.Evidence{{At: begin, Text: "first"}, {At: begin, Text: "second"}, {At: begin, Text: "third"}, {At: begin, Text: "fourth"}},
			})
		}
		say(0, watch.InSync, "", false, 0)
		say(time.Minute, watch.InSync, "", false, 0)
		say(5*time.Minute, watch.HalfSynced, watch.MetadataAhead, false, 5*time.Minute)
		must(t, s.Flush(ctx))
		s = open(t, address, history.Settings{Now: clock.Now}) // states go on after a restart
		say(6*time.Minute, watch.HalfSynced, watch.Corrupt, false, 5*time.Minute)
		say(7*time.Minute, watch.HalfSynced, watch.Corrupt, true, 5*time.Minute)
		say(9*time.Minute, watch.InSync, "", false, 8*time.Minute) // what was found out late
		must(t, s.Flush(ctx))
		got, err := s.States(ctx, key, begin, begin.Add(time.Hour))
		must(t, err)
		var lines []string
		for _, i := range got {
			until := "now"
			if !i.Until.IsZero() {
				until = i.Until.Sub(begin).String()
			}
			lines = append(lines, fmt.Sprintln(i.State, i.Reason, i.Frozen, i.Since.Sub(begin), until, len(i.Evidence), i.Evidence[0].Text, i.Generation == generation(1)))
		}
		diff(t, "states", []string{
			"IN_SYNC  false 0s 5m0s 3 first true\n",
			"HALF_SYNCED META_AHEAD false 5m0s 6m0s 3 first true\n",
			"HALF_SYNCED CORRUPT false 6m0s 7m0s 3 first true\n",
			"HALF_SYNCED CORRUPT true 7m0s 8m0s 3 first true\n",
			"IN_SYNC  false 8m0s now 3 first true\n",
		}, lines)
		if part, err := s.States(ctx, key, begin.Add(6*time.Minute), begin.Add(7*time.Minute)); err != nil || len(part) != 1 || part[0].Reason != watch.Corrupt {
			t.Errorf("a part: %v, %v", part, err)
		}
	})
}

func TestAvailability(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, clock, address := t.Context(), newClock(), fresh()
		s := open(t, address, history.Settings{Now: clock.Now})
		begin := clock.Now()
		say := func(after time.Duration, state watch.State) {
			clock.add(begin.Add(after).Sub(clock.Now()))
			s.Judged(&watch.Verdict{Site: site, Repository: repository, State: state, Since: clock.Now(), At: clock.Now()})
			must(t, s.Flush(ctx))
		}
		say(0, watch.InSync)
		say(4*time.Hour, watch.Unreachable)
		say(5*time.Hour, watch.InSync)
		say(10*time.Hour, watch.Unknown)
		say(12*time.Hour, watch.InSync)
		// Then the watcher does not run for eight hours.
		clock.add(8 * time.Hour)
		s = open(t, address, history.Settings{Now: clock.Now})
		must(t, s.Flush(ctx))
		clock.add(4 * time.Hour)
		got, err := s.Availability(ctx, history.Selection{}, begin, clock.Now().Add(time.Hour)) // what is to come does not count
		must(t, err)
		want := history.Availability{
			Key: key, From: begin, To: clock.Now(),
			Spans: map[watch.State]time.Duration{watch.InSync: 13 * time.Hour, watch.Unreachable: time.Hour, watch.Unknown: 2 * time.Hour},
		}
		diff(t, "availability", []history.Availability{want}, got)
		if a := got[0]; a.InSync() != 13.0/14 || a.Reachable() != 13.0/14 {
			t.Errorf("in sync %v, reachable %v", a.InSync(), a.Reachable())
		}
		if none := (&history.Availability{}).InSync(); none != -1 {
			t.Errorf("of nothing: %v", none)
		}
		days, err := s.AvailabilityByDay(ctx, key, begin, clock.Now())
		must(t, err)
		if len(days) != 2 || days[0].Spans[watch.InSync] != 9*time.Hour || days[1].Spans[watch.InSync] != 4*time.Hour {
			t.Errorf("by day: %+v", days)
		}
	})
}

func TestLedger(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, clock, address := t.Context(), newClock(), fresh()
		begin := clock.Now()
		first := open(t, address, history.Settings{Now: clock.Now, Vantage: "first"})
		second := open(t, address, history.Settings{Now: clock.Now, Vantage: "second"})
		for i := range 4 {
			first.Published(root, published(i, begin.Add(time.Duration(i)*time.Hour)))
		}
		// The source goes back to an earlier state, and more is found out of one.
		first.Published(root, published(1, begin.Add(5*time.Hour)))
		expired := published(0, begin)
		expired.Expired = true
		first.Published(root, expired)
		must(t, first.Flush(ctx))
		// The second watcher began later, and sees things later.
		second.Published(root, published(2, begin.Add(2*time.Hour+time.Minute)))
		second.Published(root, published(3, begin.Add(3*time.Hour+time.Minute)))
		must(t, second.Flush(ctx))

		name := func(s *history.Store) (names []string) {
			ledgers, err := s.Ledgers(ctx, root)
			must(t, err)
			for _, g := range ledgers[0].Generations {
				names = append(names, fmt.Sprint(g.Files-1000, " ", g.Published.Sub(begin), " ", g.Expired))
			}
			return names
		}
		diff(t, "the first's", []string{"0 0s true", "1 1h0m0s false", "2 2h0m0s false", "3 3h0m0s false", "1 5h0m0s false"}, name(first))
		diff(t, "the second's", []string{"0 0s true", "1 1h0m0s false", "2 2h0m0s false", "2 2h1m0s false", "3 3h1m0s false"}, name(second))
		some, err := first.Generations(ctx, root, begin.Add(time.Hour), begin.Add(3*time.Hour))
		must(t, err)
		diff(t, "some", []watch.Generation{published(1, begin.Add(time.Hour)), published(2, begin.Add(2*time.Hour))}, some)
		vantages, err := second.Vantages(ctx)
		must(t, err)
		if len(vantages) != 2 || vantages[0].Name != "first" || vantages[1].Name != "second" {
			t.Errorf("vantages: %+v", vantages)
		}
		first.Judged(inSync(begin))
		must(t, first.Flush(ctx))
		if own, err := second.Verdicts(ctx, history.Selection{}); err != nil || len(own) != 0 {
			t.Errorf("another's verdicts: %v, %v", own, err)
		}
		if others, err := second.Verdicts(ctx, history.Selection{Vantage: "first"}); err != nil || len(others) != 1 {
			t.Errorf("the first's verdicts: %v, %v", others, err)
		}
	})
}

func TestHolders(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, clock := t.Context(), newClock()
		s := open(t, fresh(), history.Settings{Now: clock.Now})
		begin := clock.Now()
		at := func(hours float64) time.Time { return begin.Add(time.Duration(hours * float64(time.Hour))) }
		holds := func(site string, hours float64, g int) {
			v := inSync(at(hours))
			v.Site = site
			held := map[string]repo.Digest{root: {}}
			if g > 0 {
				held[root] = generation(g)
			}
			s.Judged(with(v, held))
			must(t, s.Flush(ctx))
		}
		for _, site := range []string{"https://a.example.net", "https://b.example.net", "https://c.example.net"} {
			holds(site, 0, 0)
		}
		s.Published(root, published(1, at(1)))
		holds("https://a.example.net", 1.5, 1)
		holds("https://b.example.net", 2, 1)
		holds("https://d.example.net", 2.5, 1) // is watched since
		s.Published(root, published(2, at(3)))
		holds("https://a.example.net", 3.1, 0) // it copies
		holds("https://a.example.net", 3.2, 2)
		s.Published(root, published(3, at(4)))
		holds("https://a.example.net", 5, 3)
		holds("https://b.example.net", 6, 3) // never held the second
		holds("https://c.example.net", 7, 3)

		holders := func(generations ...int) (lines []string) {
			var digests []repo.Digest
			for _, g := range generations {
				digests = append(digests, generation(g))
			}
			all, err := s.Holders(ctx, root, digests...)
			must(t, err)
			for _, h := range all {
				lines = append(lines, fmt.Sprint(h.Site, " ", h.Since.Sub(begin), " ", h.Unbroken.Sub(begin)))
			}
			return lines
		}
		diff(t, "of the newest", []string{"https://a.example.net 5h0m0s 5h0m0s", "https://b.example.net 6h0m0s 6h0m0s", "https://c.example.net 7h0m0s 7h0m0s"}, holders(3))
		diff(t, "of the last two", []string{"https://a.example.net 5h0m0s 3h12m0s", "https://b.example.net 6h0m0s 6h0m0s", "https://c.example.net 7h0m0s 7h0m0s"}, holders(2, 3))
		diff(t, "of all", []string{"https://a.example.net 5h0m0s 1h30m0s", "https://b.example.net 6h0m0s 2h0m0s", "https://c.example.net 7h0m0s 7h0m0s", "https://d.example.net 2h30m0s 2h30m0s"}, holders(1, 2, 3))
		if none := holders(); none != nil {
			t.Errorf("of none: %v", none)
		}

		p, err := s.Propagation(ctx, root, generation(2))
		must(t, err)
		// Of the four that were watched, three had it or a newer one by the seventh hour.
		if p.Sites != 4 || p.Reached != 3 || p.After(0.25) != 12*time.Minute || p.After(0.5) != 3*time.Hour || p.After(0.75) != 4*time.Hour || p.After(0.9) != -1 {
			t.Errorf("propagation: %+v", p)
		}
		if _, err := s.Propagation(ctx, root, generation(9)); err == nil {
			t.Error("a generation that never was has a propagation")
		}
		held, err := s.Holdings(ctx, watch.Key{Site: "https://a.example.net", Repository: repository}, root, at(3.15), at(10))
		must(t, err)
		if len(held) != 3 || !held[0].Generation.IsZero() || held[1].Generation != generation(2) || !held[1].Until.Equal(at(5)) || !held[2].Until.IsZero() {
			t.Errorf("holdings: %+v", held)
		}

		// A generation that comes back is held from then on.
		s.Published(root, published(1, at(8)))
		holds("https://d.example.net", 8.5, 1)
		if p, err := s.Propagation(ctx, root, generation(1)); err != nil || p.After(0.25) != 30*time.Minute || p.Reached != 1 {
			t.Errorf("propagation of one that came back: %+v, %v", p, err)
		}

		// A site that is removed holds nothing any more.
		must(t, s.Forget(ctx, watch.Key{Site: "https://c.example.net", Repository: repository}, at(9)))
		diff(t, "after one went", []string{"https://a.example.net 5h0m0s 5h0m0s", "https://b.example.net 6h0m0s 6h0m0s"}, holders(3))
		if all, err := s.Verdicts(ctx, history.Selection{}); err != nil || len(all) != 3 {
			t.Errorf("verdicts after one went: %d, %v", len(all), err)
		}
		// And is there again when it is watched again.
		holds("https://c.example.net", 10, 3)
		if all, err := s.Verdicts(ctx, history.Selection{}); err != nil || len(all) != 4 {
			t.Errorf("verdicts after it came back: %d, %v", len(all), err)
		}
		states, err := s.States(ctx, watch.Key{Site: "https://c.example.net", Repository: repository}, at(0), at(11))
		must(t, err)
		if len(states) != 2 || !states[0].Until.Equal(at(9)) || !states[1].Since.Equal(at(10)) {
			t.Errorf("states of one that went and came: %+v", states)
		}
	})
}

func TestBadFiles(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, clock := t.Context(), newClock()
		s := open(t, fresh(), history.Settings{Now: clock.Now})
		see := func(e watch.Endpoint, at time.Time, bad ...string) {
			o, k := looked(at, e, generation(1))
			for _, path := range bad {
				k.Roots[0].Checks[0].Bad = append(k.Roots[0].Checks[0].Bad, watch.FileSeen{
					Path: path, Fault: watch.FaultDigest, Expected: "sha256:00", Seen: "sha256:01", At: at, Matches: generation(0), Detail: "200 OK",
				})
			}
			// What says nothing of what the site holds is no bad file.
			k.Roots[0].Checks[0].Bad = append(k.Roots[0].Checks[0].Bad, watch.FileSeen{Path: "pool/slow.deb", Fault: watch.FaultUnreachable, At: at})
			s.Observed(o, k)
			must(t, s.Flush(ctx))
		}
		begin := clock.Now()
		see(over4, begin, "pool/a.deb", "pool/b.deb")
		see(over6, begin.Add(time.Minute), "pool/a.deb")
		see(over4, begin.Add(time.Hour), "pool/a.deb")
		all, err := s.BadFiles(ctx, root, "pool/a.deb")
		must(t, err)
		want := history.BadFile{
			Key: key, Endpoint: over4, Root: root, Generation: generation(1),
			FileSeen: watch.FileSeen{Path: "pool/a.deb", Fault: watch.FaultDigest, Expected: "sha256:00", Seen: "sha256:01", Since: begin, At: begin.Add(time.Hour), Matches: generation(0), Detail: "200 OK"},
		}
		if len(all) != 2 || all[1].Endpoint != over6 {
			t.Fatalf("bad files: %+v", all)
		}
		diff(t, "bad file", want, all[0])
		see(over4, begin.Add(2*time.Hour))
		if all, err := s.BadFiles(ctx, root, ""); err != nil || len(all) != 1 || all[0].Endpoint != over6 {
			t.Errorf("after it was mended: %+v, %v", all, err)
		}
		must(t, s.Forget(ctx, key, begin.Add(3*time.Hour)))
		if all, err := s.BadFiles(ctx, root, ""); err != nil || len(all) != 0 {
			t.Errorf("of a site that is not watched any more: %+v, %v", all, err)
		}
	})
}

func TestEdits(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, clock, address := t.Context(), newClock(), fresh()
		s := open(t, address, history.Settings{Now: clock.Now})
		one, two := watch.Site{URL: "https://one.example.net", Repositories: []string{"a"}}, watch.Site{URL: "https://two.example.net", Country: "DE", Scope: &watch.Scope{Architectures: []string{"amd64"}}}
		edits := []history.Edit{
			{Kind: history.Add, Site: two, Author: "admin"},
			{Kind: history.Pause, Site: watch.Site{URL: one.URL}},
			{Kind: history.Remove, Site: watch.Site{URL: "https://unknown.example.net"}},
		}
		for i := range edits {
			edits[i].At = clock.add(time.Second)
			must(t, s.Edit(ctx, edits[i]))
		}
		got, err := open(t, address, history.Settings{Vantage: "another"}).Edits(ctx)
		must(t, err)
		diff(t, "edits", edits, got)
	})
}

func TestPlanted(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, clock := t.Context(), newClock()
		s := open(t, fresh(), history.Settings{Now: clock.Now, Keep: history.Retention{Raw: 24 * time.Hour}})
		begin := clock.Now()
		for i := range 3 {
			s.Planted(history.Planted{Repository: "pub", Directory: "a", To: "file:///srv/pub", At: begin.Add(time.Duration(i) * time.Minute), Stamp: begin, Sequence: int64(i)})
		}
		s.Planted(history.Planted{Repository: "pub", Directory: "a", To: "file:///srv/pub", At: begin.Add(time.Hour), Fault: "no space left on device"})
		must(t, s.Flush(ctx))
		last, err := s.LastPlanted(ctx)
		must(t, err)
		if len(last) != 1 || last[0].Sequence != 2 {
			t.Errorf("last: %+v", last)
		}
		all, err := s.PlantedIn(ctx, "pub", begin.Add(time.Minute), begin.Add(2*time.Hour))
		must(t, err)
		if len(all) != 3 || all[2].Fault != "no space left on device" || !all[2].Stamp.IsZero() {
			t.Errorf("all: %+v", all)
		}
		clock.add(3 * 24 * time.Hour)
		must(t, s.Upkeep(ctx))
		if last, err := s.LastPlanted(ctx); err != nil || len(last) != 1 {
			t.Errorf("the last one was forgotten: %v, %v", last, err)
		}
		if all, err := s.PlantedIn(ctx, "pub", begin, clock.Now()); err != nil || len(all) != 2 {
			t.Errorf("after forgetting: %+v, %v", all, err)
		}
	})
}

// TestHostile writes what servers may send to break a database.
func TestHostile(t *testing.T) {
	backends(t, func(t *testing.T, fresh func() string) {
		ctx, clock := t.Context(), newClock()
		s := open(t, fresh(), history.Settings{Now: clock.Now})
		at := clock.Now()
		nasty := "\x00\xff'; DROP TABLE sites; --\u2028 ?$1 \"\\u0000last\""
		long := strings.Repeat("ü/", 5000)
		o, k := looked(at, over4, generation(1))
		o.Fault, o.Detail, k.Detail = watch.Fault(nasty), nasty, nasty
		o.Stamps = []watch.StampSeen{{Stamp: time.Unix(1<<55, 0)}}
		k.Spent = 1 << 60
		k.Stamps = []watch.KnownStamp{{Directory: nasty, Stamp: time.Unix(1<<55, 0)}, {Stamp: time.Unix(-1<<55, 0)}}
		k.Roots[0].Checks[0].Bad = []watch.FileSeen{{Path: nasty, Fault: watch.FaultSize}, {Path: long + "1", Fault: watch.FaultSize}, {Path: long + "2", Fault: watch.FaultSize}}
		o.Bytes, o.Requests, o.Took, k.Failures = 1<<62, 1<<40, 1<<62, 1<<40
		s.Observed(o, k)
		v := behind(at, -1)
		v.Reason, v.Stamp, v.Complete = watch.Reason(nasty), time.Unix(1<<55, 0), 0/zero
		v.Evidence = []watch.Evidence{{Path: long, Text: nasty, Seen: nasty, At: at}}
		s.Judged(with(v, map[string]repo.Digest{nasty: generation(1), long: {}}))
		g := published(1, at)
		g.ValidUntil = time.Unix(1<<55, 0)
		s.Published(nasty, g)
		s.Planted(history.Planted{Repository: nasty, Directory: long, To: nasty, Fault: nasty, At: at})
		must(t, s.Edit(ctx, history.Edit{Kind: history.Add, Author: nasty, Site: watch.Site{URL: nasty}}))
		must(t, s.Flush(ctx))
		clock.add(4 * 24 * time.Hour)
		must(t, s.Upkeep(ctx))

		if _, err := s.Known(ctx); err != nil {
			t.Error(err)
		}
		if all, err := s.Verdicts(ctx, history.Selection{}); err != nil || len(all) != 1 {
			t.Error(all, err)
		}
		if all, err := s.States(ctx, key, at, at.Add(time.Hour)); err != nil || len(all) != 1 {
			t.Error(all, err)
		}
		for _, path := range []string{nasty, long} {
			if bad, err := s.BadFiles(ctx, root, path); err != nil || len(bad) != 1 {
				t.Errorf("bad files by such a path: %v, %v", bad, err)
			}
		}
		if _, err := s.Samples(ctx, key, nil, at.Add(-time.Hour), clock.Now(), time.Hour); err != nil {
			t.Error(err)
		}
		if h := s.Health(); h.Dropped != 0 || h.Err != nil {
			t.Errorf("health: %+v", h)
		}
	})
}

var zero = 0.0
